//! The modules of a crate: which file each is in, what each defines, and what each names.

use crate::tokens::{Token, closing, tokens, without_tests};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// A crate as its files say.
pub(crate) struct Modules {
    /// Every file, from the crate's folder; the root is the first.
    pub(crate) files: Vec<PathBuf>,
    modules: Vec<Module>,
}

struct Module {
    parent: usize,
    file: usize,
    children: HashMap<String, usize>,
    items: HashSet<String>,
    imports: Vec<Import>,
    /// Its tokens, those of `use` and of inner modules apart.
    code: Vec<Token>,
}

struct Import {
    /// What it binds; `None` for all of a module.
    name: Option<String>,
    path: Vec<String>,
    line: usize,
    /// Whether others may import it from here.
    passed_on: bool,
}

/// What a path comes to in the crate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Module(usize),
    File(usize),
}

/// An import of one file by another: by its first mention, `line` and `path`.
pub(crate) struct Edge {
    pub(crate) line: usize,
    pub(crate) path: String,
}

impl Modules {
    /// The modules that a root, `lib.rs` or `main.rs`, declares, and theirs.
    pub(crate) fn read(root: &Path) -> Modules {
        let mut all = Modules { files: Vec::new(), modules: Vec::new() };
        all.read_file(root, root.parent().unwrap_or(root), 0);
        all
    }

    /// A file as a module of `parent`; its own modules lie in `folder`.
    fn read_file(&mut self, path: &Path, folder: &Path, parent: usize) -> usize {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.files.push(path.to_path_buf());
        self.read_module(&without_tests(tokens(&text)), self.files.len() - 1, folder, parent)
    }

    fn read_module(&mut self, tokens: &[Token], file: usize, folder: &Path, parent: usize) -> usize {
        let id = self.modules.len();
        let (children, items) = (HashMap::new(), HashSet::new());
        self.modules.push(Module { parent, file, children, items, imports: Vec::new(), code: Vec::new() });
        let word = |k: usize| tokens.get(k).map_or("", |token| token.text.as_str());
        let (mut at, mut depth) = (0, 0usize);
        let mut passed_on = false;
        while at < tokens.len() {
            match (word(at), depth) {
                ("mod", 0) if word(at + 2) == ";" => {
                    let name = word(at + 1);
                    let inner = folder.join(name);
                    let beside = folder.join(format!("{name}.rs"));
                    let path = if beside.exists() { beside } else { inner.join("mod.rs") };
                    let child = self.read_file(&path, &inner, id);
                    self.modules[id].children.insert(name.into(), child);
                    at += 3;
                }
                ("mod", 0) if word(at + 2) == "{" => {
                    let end = closing(tokens, at + 2);
                    let child = self.read_module(&tokens[at + 3..end], file, &folder.join(word(at + 1)), id);
                    self.modules[id].children.insert(word(at + 1).into(), child);
                    at = end + 1;
                }
                ("use", _) if word(at + 1) != "<" => {
                    let end = (at..tokens.len()).find(|k| word(*k) == ";").unwrap_or(tokens.len());
                    let mut imports = Vec::new();
                    import(&tokens[at + 1..end], &[], &mut imports);
                    let line = tokens[at].line;
                    let of = |(name, path)| Import { name, path, line, passed_on };
                    self.modules[id].imports.extend(imports.into_iter().map(of));
                    at = end + 1;
                }
                (text, _) => {
                    match text {
                        "(" | "[" | "{" => depth += 1,
                        ")" | "]" | "}" => depth = depth.saturating_sub(1),
                        "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static" if depth == 0 => {
                            self.modules[id].items.insert(word(at + 1).into());
                        }
                        "macro_rules" => {
                            self.modules[id].items.insert(word(at + 2).into());
                        }
                        _ => {}
                    }
                    // `pub`, `pub(crate)` before a `use`.
                    passed_on = text == "pub"
                        || (passed_on && matches!(text, "(" | ")" | "crate" | "super" | "in" | "self" | "::"));
                    self.modules[id].code.push(tokens[at].clone());
                    at += 1;
                    continue;
                }
            }
            passed_on = false;
        }
        id
    }

    /// Which file names an item of which other. A name is followed to the file that defines it, through every `use` that
    /// passes it on; these and `mod` are no imports of their own.
    pub(crate) fn edges(&self) -> BTreeMap<(usize, usize), Edge> {
        let mut edges = BTreeMap::new();
        for (id, module) in self.modules.iter().enumerate() {
            let mut put = |path: &[String], line: usize| {
                if let Some(Target::File(file)) = self.resolve(id, path, &mut HashSet::new())
                    && file != module.file
                {
                    edges.entry((module.file, file)).or_insert_with(|| Edge { line, path: path.join("::") });
                }
            };
            for import in module.imports.iter().filter(|import| import.name.is_some() && !import.passed_on) {
                put(&import.path, import.line);
            }
            for (path, line) in paths(&module.code) {
                put(&path, line);
            }
        }
        edges
    }

    /// Where a path that is written in a module leads; `None` for other crates and for names that are bound in code.
    fn resolve(&self, from: usize, path: &[String], seen: &mut HashSet<(usize, String)>) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Target::Module(0),
            "self" => Target::Module(from),
            "super" => Target::Module(self.modules[from].parent),
            name => self.lookup(from, name, rest.is_empty(), seen)?,
        };
        for (k, name) in rest.iter().enumerate() {
            let Target::Module(module) = at else { return Some(at) };
            at = match name.as_str() {
                "super" => Target::Module(self.modules[module].parent),
                "self" => at,
                // What is in a module and not seen there comes out of one of its macros.
                name => self
                    .lookup(module, name, k + 1 == rest.len(), seen)
                    .unwrap_or(Target::File(self.modules[module].file)),
            };
        }
        Some(at)
    }

    /// What a name is in a module: an item rather than a module where it ends a path.
    fn lookup(&self, module: usize, name: &str, last: bool, seen: &mut HashSet<(usize, String)>) -> Option<Target> {
        if !seen.insert((module, name.into())) {
            return None;
        }
        let here = &self.modules[module];
        let item = || here.items.contains(name).then_some(Target::File(here.file));
        let child = || here.children.get(name).map(|child| Target::Module(*child));
        let named = here.imports.iter().filter(|import| import.name.as_deref() == Some(name));
        let mut imported: Vec<Target> = named.filter_map(|import| self.resolve(module, &import.path, seen)).collect();
        imported.sort_by_key(|target| matches!(target, Target::Module(_)) == last);
        let globs = here.imports.iter().filter(|import| import.name.is_none());
        let found = match last {
            true => item().or(imported.first().copied()).or_else(child),
            false => child().or(imported.first().copied()).or_else(item),
        };
        let found = found.or_else(|| {
            globs.into_iter().find_map(|import| match self.resolve(module, &import.path, seen)? {
                Target::Module(from) if from != module => self.lookup(from, name, last, seen),
                Target::Module(_) | Target::File(_) => None,
            })
        });
        seen.remove(&(module, name.to_string()));
        found
    }
}

/// What the tree of a `use` binds, each with its path.
fn import(tree: &[Token], before: &[String], into: &mut Vec<(Option<String>, Vec<String>)>) {
    let mut path = before.to_vec();
    let mut at = 0;
    while at < tree.len() {
        match tree[at].text.as_str() {
            "::" => {}
            "{" => {
                let inner = &tree[at + 1..closing(tree, at)];
                let mut start = 0;
                while start < inner.len() {
                    let mut end = start;
                    while end < inner.len() && inner[end].text != "," {
                        end = if inner[end].text == "{" { closing(inner, end) + 1 } else { end + 1 };
                    }
                    import(&inner[start..end], &path, into);
                    start = end + 1;
                }
                return;
            }
            "*" => return into.push((None, path)),
            "as" => {
                let name = tree.get(at + 1).map(|token| token.text.clone());
                return into.push((name, path));
            }
            "self" if !path.is_empty() => {}
            word => path.push(word.into()),
        }
        at += 1;
    }
    if let Some(name) = path.last().cloned() {
        into.push((Some(name), path));
    }
}

/// The paths in code: those of several names, and single names that a `use` may have bound: types, traits and constants,
/// which begin with a capital, and functions and macros that are called.
fn paths(code: &[Token]) -> Vec<(Vec<String>, usize)> {
    let is = |k: usize, text: &str| code.get(k).is_some_and(|token| token.text == text);
    let mut paths = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let start = at;
        at += 1;
        let after = |text: &str| start > 0 && is(start - 1, text);
        let names_new =
            ["fn", "struct", "enum", "trait", "type", "const", "static", "let", "mod"].iter().any(|w| after(w));
        if !code[start].is_word() || after(".") || after("::") || after("'") || names_new {
            continue;
        }
        let mut path = vec![code[start].text.clone()];
        while is(at, "::") && code.get(at + 1).is_some_and(Token::is_word) {
            path.push(code[at + 1].text.clone());
            at += 2;
        }
        let capital = path[0].starts_with(char::is_uppercase);
        if path.len() > 1 || capital || is(at, "(") || is(at, "!") {
            paths.push((path, code[start].line));
        }
    }
    paths
}
