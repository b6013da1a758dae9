//! What each file of a crate imports from the others, read from its tokens: comments and texts name nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A module by its path from the root of the crate; the root itself is empty.
pub(crate) type Module = Vec<String>;

/// The files of a crate, and the imports between them.
pub(crate) struct Imports {
    pub(crate) files: BTreeMap<Module, PathBuf>,
    /// For each module those that it imports, with the line that does.
    pub(crate) of: BTreeMap<Module, BTreeMap<Module, usize>>,
}

/// A path as a file names it.
struct Named {
    segments: Vec<String>,
    /// Its last name, or what that is called from there on.
    alias: Option<String>,
    line: usize,
    in_use: bool,
    is_public: bool,
}

impl Imports {
    /// The imports between the given files, each with its module and its text. Names that a module re-exports lead to
    /// where they come from, and what a module re-exports from its own parts is no import.
    pub(crate) fn of(files: Vec<(Module, PathBuf, String)>) -> Result<Self, String> {
        let paths: BTreeMap<Module, PathBuf> =
            files.iter().map(|(module, path, _)| (module.clone(), path.clone())).collect();
        let mut named = BTreeMap::new();
        for (module, path, text) in files {
            let tokens: TokenStream = text.parse().map_err(|error| format!("{}: {error}", path.display()))?;
            let mut found = Vec::new();
            read(tokens, &mut found);
            named.insert(module, found);
        }
        let known = |module: &Module| paths.contains_key(module);
        let mut exported: BTreeMap<(Module, String), (Module, Option<String>)> = BTreeMap::new();
        for (module, found) in &named {
            for one in found.iter().filter(|one| one.is_public) {
                let target = resolve(module, one, &known);
                let name = one.alias.as_ref().or(one.segments.last());
                if let (Some(target), Some(name)) = (target, name) {
                    exported.insert((module.clone(), name.clone()), target);
                }
            }
        }
        let mut of: BTreeMap<Module, BTreeMap<Module, usize>> = BTreeMap::new();
        for (module, found) in &named {
            let imports = of.entry(module.clone()).or_default();
            for one in found {
                let Some(mut target) = resolve(module, one, &known) else { continue };
                let mut seen = BTreeSet::new();
                while let (at, Some(name)) = &target
                    && let Some(next) = exported.get(&(at.clone(), name.clone()))
                    && seen.insert(next.clone())
                {
                    target = next.clone();
                }
                let is_facade = one.is_public && target.0.starts_with(module);
                if target.0 != *module && !is_facade {
                    imports.entry(target.0).or_insert(one.line);
                }
            }
        }
        Ok(Self { files: paths, of })
    }
}

/// The module of a file below the sources of its crate.
pub(crate) fn module_of(sources: &Path, file: &Path) -> Module {
    let inside = file.strip_prefix(sources).unwrap_or(file).with_extension("");
    let mut parts: Module = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "lib" || last == "mod") {
        parts.pop();
    }
    parts
}

/// The file that a path leads into, and the name in it.
fn resolve(
    module: &Module,
    named: &Named,
    known: &impl Fn(&Module) -> bool,
) -> Option<(Module, Option<String>)> {
    let mut base = module.clone();
    let mut segments = named.segments.iter().peekable();
    match segments.peek()?.as_str() {
        "crate" => base.clear(),
        "self" | "super" => {}
        first => {
            let inner: Module = base.iter().cloned().chain([first.to_owned()]).collect();
            if !named.in_use || !known(&inner) {
                return None;
            }
        }
    }
    while let Some(word) = segments.next_if(|word| ["crate", "self", "super"].contains(&word.as_str())) {
        if word == "super" {
            base.pop()?;
        }
    }
    let rest: Vec<&String> = segments.collect();
    let depth = (0..=rest.len()).rev().find(|depth| {
        known(&base.iter().cloned().chain(rest.iter().take(*depth).map(|word| (*word).clone())).collect())
    })?;
    let name = rest.get(depth).map(|word| (*word).clone());
    base.extend(rest.into_iter().take(depth).cloned());
    Some((base, name))
}

/// Every path that begins at the crate, at the module or at its parent, and everything that is used.
fn read(tokens: TokenStream, found: &mut Vec<Named>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut is_test = false;
    let mut is_public = false;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                is_test |= group.stream().to_string().replace(' ', "") == "cfg(test)";
                read(group.stream(), found);
            }
            // What only the tests import makes no circle.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                if !std::mem::take(&mut is_test) {
                    read(group.stream(), found);
                }
                is_public = false;
            }
            TokenTree::Group(group) => read(group.stream(), found),
            TokenTree::Ident(word) if word == "pub" => is_public = true,
            TokenTree::Ident(word) if word == "use" => {
                let mut tree = Vec::new();
                while let Some(token) = tokens.get(at).filter(|token| !is_mark(token, ';')) {
                    tree.push(token.clone());
                    at += 1;
                }
                if !std::mem::take(&mut is_test) {
                    read_use(&tree, &[], is_public, found);
                }
                is_public = false;
            }
            TokenTree::Ident(word) if ["crate", "self", "super"].iter().any(|start| word == start) => {
                let mut segments = vec![word.to_string()];
                let line = word.span().start().line;
                while tokens.get(at).is_some_and(|token| is_mark(token, ':'))
                    && tokens.get(at + 1).is_some_and(|token| is_mark(token, ':'))
                    && let Some(TokenTree::Ident(next)) = tokens.get(at + 2)
                {
                    segments.push(next.to_string());
                    at += 3;
                }
                // `pub(crate)` and `self` alone name no file.
                if segments.len() > 1 {
                    found.push(Named { segments, alias: None, line, in_use: false, is_public: false });
                }
            }
            TokenTree::Punct(mark) if mark.as_char() == ';' => {
                is_test = false;
                is_public = false;
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == mark)
}

/// The paths of one `use`, behind what they share.
fn read_use(tree: &[TokenTree], shared: &[String], is_public: bool, found: &mut Vec<Named>) {
    for branch in tree.split(|token| is_mark(token, ',')) {
        let mut segments = shared.to_vec();
        let mut alias = None;
        let mut inner: Option<&Group> = None;
        let mut words = branch.iter();
        while let Some(token) = words.next() {
            match token {
                TokenTree::Ident(word) if word == "as" => alias = words.next().map(TokenTree::to_string),
                // `a::{self}` is `a`.
                TokenTree::Ident(word) if word == "self" && !segments.is_empty() => {}
                TokenTree::Ident(word) => segments.push(word.to_string()),
                TokenTree::Group(group) => inner = Some(group),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        match (inner, branch.first()) {
            (Some(group), _) => {
                let tree: Vec<TokenTree> = group.stream().into_iter().collect();
                read_use(&tree, &segments, is_public, found);
            }
            (None, Some(first)) => {
                let line = first.span().start().line;
                found.push(Named { segments, alias, line, in_use: true, is_public });
            }
            (None, None) => {}
        }
    }
}
