//! The items of a crate, and what a path comes to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use syn::{Attribute, Item, ItemImpl, Type, UseTree, Visibility};

/// A crate by its modules; the root is the first.
pub(crate) struct Crate {
    pub(crate) modules: Vec<Module>,
    /// The names that its items define.
    pub(crate) defined: BTreeSet<String>,
    /// Its `impl` blocks, by the name of the type they are of.
    pub(crate) blocks: BTreeMap<String, Vec<ItemImpl>>,
}

#[derive(Default)]
pub(crate) struct Module {
    parent: usize,
    children: BTreeMap<String, usize>,
    pub(crate) items: Vec<Item>,
    pub(crate) imports: Vec<Import>,
}

/// One name of a `use`; `*` for all of a module.
pub(crate) struct Import {
    pub(crate) name: String,
    pub(crate) path: Vec<String>,
    pub(crate) public: bool,
}

/// What a name comes to: an item of a module, or the module itself.
#[derive(Clone, Debug)]
pub(crate) struct Found<'c> {
    pub(crate) krate: &'c str,
    pub(crate) module: usize,
    pub(crate) item: Option<usize>,
}

impl Crate {
    /// A crate by its folder.
    pub(crate) fn read(folder: &Path) -> Crate {
        let mut all = Crate { modules: Vec::new(), defined: BTreeSet::new(), blocks: BTreeMap::new() };
        let source = folder.join("src");
        let text = std::fs::read_to_string(source.join("lib.rs")).unwrap();
        all.add(syn::parse_file(&text).unwrap().items, &source, 0);
        all
    }

    /// Adds a module of `parent`, whose own modules' files lie in `folder`.
    fn add(&mut self, items: Vec<Item>, folder: &Path, parent: usize) -> usize {
        let at = self.modules.len();
        self.modules.push(Module { parent, ..Module::default() });
        for item in items {
            match item {
                Item::Use(item) => {
                    let public = matches!(item.vis, Visibility::Public(_));
                    flatten(&item.tree, Vec::new(), public, &mut self.modules[at].imports);
                }
                Item::Mod(item) if for_tests(&item.attrs) => drop(item),
                Item::Mod(mut item) => {
                    let name = item.ident.to_string();
                    let inner = folder.join(&name);
                    let items = match item.content.take() {
                        Some((_, items)) => items,
                        None => {
                            let beside = folder.join(format!("{name}.rs"));
                            let file = if beside.exists() { beside } else { inner.join("mod.rs") };
                            syn::parse_file(&std::fs::read_to_string(&file).unwrap()).unwrap().items
                        }
                    };
                    let child = self.add(items, &inner, at);
                    self.modules[at].children.insert(name, child);
                    self.modules[at].items.push(Item::Mod(item));
                }
                Item::Impl(block) if for_tests(&block.attrs) => drop(block),
                Item::Impl(block) => {
                    if let Some(of) = of_type(&block.self_ty) {
                        self.blocks.entry(of).or_default().push(block);
                    }
                }
                item => {
                    self.defined.extend(named(&item));
                    self.modules[at].items.push(item);
                }
            }
        }
        at
    }

    /// A macro that is at the root wherever it is written: its module and number.
    pub(crate) fn exported(&self, name: &str) -> Option<(usize, usize)> {
        let exported = |item: &Item| match item {
            Item::Macro(item) => {
                item.ident.as_ref().is_some_and(|own| own == name)
                    && item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export"))
            }
            _ => false,
        };
        let in_module = |module: &Module| module.items.iter().position(exported);
        self.modules.iter().enumerate().find_map(|(at, module)| Some((at, in_module(module)?)))
    }

    /// The module that a module declares.
    pub(crate) fn child(&self, module: usize, name: &str) -> Option<usize> {
        self.modules[module].children.get(name).copied()
    }
}

/// What a path in a module comes to.
pub(crate) fn find<'c>(
    crates: &BTreeMap<&'c str, Crate>,
    krate: &'c str,
    module: usize,
    path: &[String],
) -> Option<Found<'c>> {
    let of = &crates[krate];
    let Some((first, rest)) = path.split_first() else { return Some(Found { krate, module, item: None }) };
    match first.as_str() {
        "crate" => return find(crates, krate, 0, rest),
        "self" => return find(crates, krate, module, rest),
        "super" => return find(crates, krate, of.modules[module].parent, rest),
        _ => {}
    }
    if let Some(other) = first.strip_prefix("fuseloom_").and_then(|name| crates.get_key_value(name)) {
        return find(crates, other.0, 0, rest);
    }
    if rest.is_empty()
        && let Some(item) = of.modules[module].items.iter().position(|item| named(item).as_ref() == Some(first))
        && !matches!(of.modules[module].items[item], Item::Mod(_))
    {
        return Some(Found { krate, module, item: Some(item) });
    }
    if let Some(child) = of.child(module, first) {
        let passed_on = of.modules[module].imports.iter().any(|import| import.name == *first && rest.is_empty());
        if !passed_on {
            return find(crates, krate, child, rest);
        }
    }
    let exported = (module == 0 && rest.is_empty()).then(|| of.exported(first)).flatten();
    if let Some((module, item)) = exported {
        return Some(Found { krate, module, item: Some(item) });
    }
    of.modules[module].imports.iter().find_map(|import| match import.name.as_str() {
        "*" => find(crates, krate, module, &import.path).and_then(|of| find(crates, of.krate, of.module, path)),
        name if name == first => {
            let path: Vec<String> = import.path.iter().chain(rest).cloned().collect();
            find(crates, krate, module, &path)
        }
        _ => None,
    })
}

/// The name that an item defines.
pub(crate) fn named(item: &Item) -> Option<String> {
    let name = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Mod(item) => &item.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        _ => return None,
    };
    Some(name.to_string())
}

/// Whether only tests compile it.
fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

/// The type that an `impl` is of.
fn of_type(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| segment.ident.to_string()),
        Type::Reference(reference) => of_type(&reference.elem),
        _ => None,
    }
}

fn flatten(tree: &UseTree, mut path: Vec<String>, public: bool, imports: &mut Vec<Import>) {
    match tree {
        UseTree::Path(inner) => {
            path.push(inner.ident.to_string());
            flatten(&inner.tree, path, public, imports);
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|inner| flatten(inner, path.clone(), public, imports));
        }
        UseTree::Name(name) if name.ident == "self" => {
            imports.push(Import { name: path.last().cloned().unwrap_or_default(), path, public });
        }
        UseTree::Name(name) => {
            path.push(name.ident.to_string());
            imports.push(Import { name: name.ident.to_string(), path, public });
        }
        UseTree::Rename(rename) => {
            path.push(rename.ident.to_string());
            imports.push(Import { name: rename.rename.to_string(), path, public });
        }
        UseTree::Glob(_) => imports.push(Import { name: "*".into(), path, public }),
    }
}
