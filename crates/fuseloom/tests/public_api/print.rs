//! Items as lines: what can be named of each, without its body and its docs.

use crate::source::{Crate, Found, find, named};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::{BTreeMap, BTreeSet};
use syn::{Attribute, Fields, ImplItem, Item, ItemImpl, TraitItem, Visibility};

/// The lines, in order.
#[derive(Default)]
pub(crate) struct Lines {
    lines: BTreeSet<String>,
    /// The first name of each item: by its crate, module and number.
    names: BTreeMap<(String, usize, usize), String>,
}

impl Lines {
    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn add(&mut self, line: String) {
        self.lines.insert(line);
    }

    /// Everything public of a module, under a name.
    pub(crate) fn module(&mut self, crates: &BTreeMap<&str, Crate>, of: &Found<'_>, name: &str) {
        let module = &crates[of.krate].modules[of.module];
        let (mut items, mut modules) = (Vec::new(), Vec::new());
        for import in module.imports.iter().filter(|import| import.public) {
            let inside = if import.name == "*" { name.to_string() } else { format!("{name}::{}", import.name) };
            match find(crates, of.krate, of.module, &import.path) {
                Some(found) if found.item.is_some() => items.push((found, inside)),
                Some(found) => modules.push((found, inside)),
                None => self.add(format!("{inside}: made by a macro")),
            }
        }
        // Items before modules: an item goes by its shortest name.
        items.iter().chain(&modules).for_each(|(found, inside)| self.found(crates, found, inside));
        for (number, item) in module.items.iter().enumerate() {
            let (Some(own), true) = (named(item), public(item)) else { continue };
            let inside = format!("{name}::{own}");
            match (item, crates[of.krate].child(of.module, &own)) {
                (Item::Mod(_), Some(child)) => {
                    self.module(crates, &Found { krate: of.krate, module: child, item: None }, &inside);
                }
                _ => self.found(crates, &Found { item: Some(number), ..of.clone() }, &inside),
            }
        }
    }

    fn found(&mut self, crates: &BTreeMap<&str, Crate>, found: &Found<'_>, name: &str) {
        let Some(number) = found.item else { return self.module(crates, found, name) };
        let first = self.names.entry((found.krate.to_string(), found.module, number));
        let first = first.or_insert_with(|| name.to_string()).clone();
        if first != name {
            return self.add(format!("{name}: as {first}"));
        }
        let item = &crates[found.krate].modules[found.module].items[number];
        self.item(item, name);
        if matches!(item, Item::Enum(_) | Item::Struct(_)) {
            let own = named(item).unwrap_or_default();
            for (krate, all) in crates {
                // Another crate may have a type of that name of its own.
                if *krate == found.krate || !all.defined.contains(&own) {
                    all.blocks.get(&own).into_iter().flatten().for_each(|block| self.block(block, name));
                }
            }
        }
    }

    fn item(&mut self, item: &Item, name: &str) {
        match item {
            Item::Const(item) => self.add(format!("{name}: const {}", tokens(&item.ty))),
            Item::Static(item) => self.add(format!("{name}: static {}", tokens(&item.ty))),
            Item::Type(item) => self.add(format!("{name}{}: type {}", tokens(&item.generics), tokens(&item.ty))),
            Item::Fn(item) => self.add(format!("{name}: {}", signature(&item.sig))),
            Item::Macro(item) => self.add(format!("{name}: macro {}", shown(item.mac.tokens.clone()))),
            Item::Struct(item) => {
                self.add(format!("{name}: struct{} {}", tokens(&item.generics), fields(&item.fields, true)));
                self.derived(&item.attrs, name);
            }
            Item::Enum(item) => {
                self.add(format!("{name}: enum{}", tokens(&item.generics)));
                for variant in &item.variants {
                    let line = format!("{name}::{} {}", variant.ident, fields(&variant.fields, false));
                    self.add(line.trim_end().to_string());
                }
                self.derived(&item.attrs, name);
            }
            Item::Trait(item) => {
                let above = tokens(&item.supertraits);
                self.add(format!("{name}: trait{} {above}", tokens(&item.generics)).trim_end().to_string());
                for inner in &item.items {
                    match inner {
                        TraitItem::Fn(method) => {
                            let given = if method.default.is_some() { " { .. }" } else { "" };
                            let line = format!("{name}::{}: {}{given}", method.sig.ident, signature(&method.sig));
                            self.add(line);
                        }
                        TraitItem::Const(inner) => {
                            self.add(format!("{name}::{}: const {}", inner.ident, tokens(&inner.ty)))
                        }
                        TraitItem::Type(inner) => {
                            self.add(format!("{name}::{}: type {}", inner.ident, tokens(&inner.bounds)))
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn derived(&mut self, attributes: &[Attribute], name: &str) {
        for attribute in attributes {
            if attribute.path().is_ident("non_exhaustive") {
                self.add(format!("{name} is non_exhaustive"));
            }
            if attribute.path().is_ident("derive") {
                let all = attribute
                    .parse_args_with(syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated);
                all.unwrap().iter().for_each(|one| self.add(format!("{name} derives {}", tokens(one))));
            }
        }
    }

    fn block(&mut self, block: &ItemImpl, name: &str) {
        if let Some((_, of, _)) = &block.trait_ {
            let (generics, condition) = (&block.generics, &block.generics.where_clause);
            let line = format!("{name} impl{} {} for {}", tokens(generics), tokens(of), tokens(&block.self_ty));
            self.add(format!("{line} {}", tokens(condition)).trim_end().to_string());
            return;
        }
        for item in &block.items {
            match item {
                ImplItem::Fn(method) if matches!(method.vis, Visibility::Public(_)) => {
                    self.add(format!("{name}::{}: {}", method.sig.ident, signature(&method.sig)));
                }
                ImplItem::Const(item) if matches!(item.vis, Visibility::Public(_)) => {
                    self.add(format!("{name}::{}: const {}", item.ident, tokens(&item.ty)));
                }
                _ => {}
            }
        }
    }

    /// The calls of macros that make items, of these crates.
    pub(crate) fn macros(&mut self, crates: &BTreeMap<&str, Crate>, of: &[&str]) {
        let modules = of.iter().flat_map(|name| &crates[name].modules);
        for item in modules.flat_map(|module| &module.items) {
            if let Item::Macro(call) = item
                && call.ident.is_none()
                && !call.mac.path.is_ident("thread_local")
            {
                let called = tokens(&call.mac.path);
                if let Some(with) = only_name(&call.mac.tokens) {
                    let mut methods = Vec::new();
                    let rows = crates
                        .values()
                        .find_map(|all| all.exported(&called).map(|(at, item)| &all.modules[at].items[item]));
                    if let Some(Item::Macro(rows)) = rows {
                        signatures(rows.mac.tokens.clone(), &mut methods);
                    }
                    methods.iter().for_each(|method| self.add(format!("{called}!({with}) {method}")));
                    continue;
                }
                let rows = shown(undocumented(call.mac.tokens.clone()));
                rows.split("; ").for_each(|row| self.add(format!("{called}! {}", row.trim_end_matches(';'))));
            }
        }
    }
}

fn public(item: &Item) -> bool {
    let visibility = match item {
        Item::Const(item) => &item.vis,
        Item::Enum(item) => &item.vis,
        Item::Fn(item) => &item.vis,
        Item::Mod(item) => &item.vis,
        Item::Static(item) => &item.vis,
        Item::Struct(item) => &item.vis,
        Item::Trait(item) => &item.vis,
        Item::Type(item) => &item.vis,
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

fn signature(signature: &syn::Signature) -> String {
    let mut signature = signature.clone();
    signature.inputs.iter_mut().for_each(|input| match input {
        syn::FnArg::Receiver(receiver) => receiver.attrs.clear(),
        syn::FnArg::Typed(typed) => typed.attrs.clear(),
    });
    tokens(&signature).replacen(&format!("fn {}", signature.ident), "fn", 1)
}

/// Fields by their names and types; of a struct only the public ones.
fn fields(fields: &Fields, of_struct: bool) -> String {
    let seen = |field: &&syn::Field| !of_struct || matches!(field.vis, Visibility::Public(_));
    let mut all: Vec<String> = fields
        .iter()
        .filter(seen)
        .map(|field| match &field.ident {
            Some(name) => format!("{name}: {}", tokens(&field.ty)),
            None => tokens(&field.ty),
        })
        .collect();
    if all.len() < fields.len() {
        all.push("..".into());
    }
    match fields {
        Fields::Unit => String::new(),
        Fields::Named(_) => format!("{{ {} }}", all.join(", ")),
        Fields::Unnamed(_) => format!("({})", all.join(", ")),
    }
}

/// The name that a macro is called with, if that is all.
fn only_name(stream: &TokenStream) -> Option<String> {
    let mut all = stream.clone().into_iter();
    match (all.next(), all.next()) {
        (Some(TokenTree::Ident(name)), None) => Some(name.to_string()),
        _ => None,
    }
}

/// Each `name(parameters):` of a macro's rows.
fn signatures(stream: TokenStream, found: &mut Vec<String>) {
    let all: Vec<TokenTree> = stream.into_iter().collect();
    for window in all.windows(3) {
        if let [TokenTree::Ident(name), TokenTree::Group(group), TokenTree::Punct(sign)] = window
            && group.delimiter() == Delimiter::Parenthesis
            && sign.as_char() == ':'
        {
            found.push(format!("{name}({})", shown(group.stream())));
        }
    }
    for token in all {
        if let TokenTree::Group(group) = token {
            signatures(group.stream(), found);
        }
    }
}

fn tokens(part: &impl ToTokens) -> String {
    shown(part.to_token_stream())
}

/// Tokens without attributes: what a macro is called with, apart from docs.
fn undocumented(stream: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut all = stream.into_iter().peekable();
    while let Some(token) = all.next() {
        let attribute = matches!(&token, TokenTree::Punct(sign) if sign.as_char() == '#')
            && matches!(all.peek(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket);
        if attribute {
            all.next();
        } else {
            out.extend([token]);
        }
    }
    out
}

/// Tokens as one writes them.
fn shown(stream: TokenStream) -> String {
    let mut text: String = stream.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    for (from, to) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" ::", "::"),
        (" ,", ","),
        (" ;", ";"),
        ("& ", "&"),
        ("( ", "("),
        (" )", ")"),
        ("[ ", "["),
        (" ]", "]"),
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" (", "("),
        (" : ", ": "),
        ("->(", "-> ("),
        (",>", ">"),
        (",)", ")"),
        ("? ", "?"),
        ("impl<", "impl<"),
        ("'_ ", "'_ "),
        ("! {", "! {"),
    ] {
        text = text.replace(from, to);
    }
    text
}
