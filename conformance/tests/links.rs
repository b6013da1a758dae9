//! No link of the documentation is dead, and no path that it names is gone. Links to the web are not followed.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Folders whose pages are programs, and what they say is no documentation.
const PROGRAMS: [&str; 4] = ["conformance/corpus/", "spec/programs/", "benches/kernels/", "vm/examples/"];
/// The folders of the project, with one of which a path begins.
const FOLDERS: [&str; 7] = ["benches/", "conformance/", "docs/", "fuzz/", "spec/", "vm/", ".github/"];

/// What packages show as their descriptions, where no other file of the repository is beside them.
const SHOWN_ELSEWHERE: [&str; 2] = ["README.md", "vm/README.md"];
/// Where the repository is on the web, and an image of it.
const ADDRESSES: [&str; 3] = [
    "https://github.com/machine-dialect/machine-dialect-vm/blob/main",
    "https://github.com/machine-dialect/machine-dialect-vm/tree/main",
    "https://raw.githubusercontent.com/machine-dialect/machine-dialect-vm/main",
];

struct Page {
    /// The links to files, each with its fragment; from the root on where they begin with a slash.
    links: Vec<(String, Option<String>)>,
    /// The fragments of the headings.
    anchors: Vec<String>,
    /// What is in backticks outside of links.
    code: Vec<String>,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of all that Markdown has, a few things matter here")]
fn read(text: &str) -> Page {
    let mut page = Page { links: Vec::new(), anchors: Vec::new(), code: Vec::new() };
    let mut heading: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let anchor = anchor(&heading.take().unwrap_or_default());
                let same = page.anchors.iter().filter(|other| **other == anchor).count();
                page.anchors.push(if same == 0 { anchor } else { format!("{anchor}-{same}") });
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                let inside = ADDRESSES.iter().find_map(|address| dest_url.strip_prefix(address));
                let is_address = dest_url.contains("://") || dest_url.starts_with("mailto:");
                let Some(target) = inside.or((!is_address).then_some(&*dest_url)) else { continue };
                let (file, fragment) = match target.split_once('#') {
                    Some((file, fragment)) => (file, Some(fragment.to_owned())),
                    None => (target, None),
                };
                page.links.push((file.to_owned(), fragment));
            }
            Event::Code(code) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&code);
                }
                page.code.push(code.into_string());
            }
            Event::Text(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    page
}

/// The fragment that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let kept =
        heading.trim().chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The pages of documentation, by their paths from the root.
fn pages() -> Vec<String> {
    let mut pages = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() && (name == ".github" || !name.starts_with('.') && name != "target") {
                folders.push(entry.path());
            } else if kind.is_file() && name.ends_with(".md") {
                let path = entry.path().strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
                if name == "README.md" || !PROGRAMS.iter().any(|folder| path.starts_with(folder)) {
                    pages.push(path);
                }
            }
        }
    }
    pages
}

#[test]
fn no_link_is_dead() {
    let pages: HashMap<String, Page> = pages()
        .into_iter()
        .map(|name| {
            let page = read(&std::fs::read_to_string(root().join(&name)).unwrap());
            (name, page)
        })
        .collect();
    let mut checked = 0;
    let mut dead = Vec::new();
    for (name, page) in &pages {
        for (file, fragment) in &page.links {
            checked += 1;
            let target = if file.is_empty() {
                root().join(name)
            } else if let Some(file) = file.strip_prefix('/') {
                root().join(file)
            } else {
                root().join(name).parent().unwrap().join(file)
            };
            let Ok(target) = target.canonicalize() else {
                dead.push(format!("{name}: {file} is not there"));
                continue;
            };
            let inside = target.strip_prefix(root().canonicalize().unwrap()).ok().and_then(Path::to_str);
            let Some(inside) = inside else {
                dead.push(format!("{name}: {file} is outside of the repository"));
                continue;
            };
            if let (Some(fragment), Some(page)) = (fragment, pages.get(inside))
                && !page.anchors.contains(fragment)
            {
                dead.push(format!("{name}: {file} has no heading #{fragment}"));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
    assert!(checked > 60, "only {checked} links were found");
}

#[test]
fn what_packages_show_leads_to_addresses() {
    for name in SHOWN_ELSEWHERE {
        let links = read(&std::fs::read_to_string(root().join(name)).unwrap()).links;
        let lost: Vec<&String> = links
            .iter()
            .map(|(file, _)| file)
            .filter(|file| !file.is_empty() && !file.starts_with('/'))
            .collect();
        assert!(lost.is_empty(), "{name}: {lost:?} lead nowhere on crates.io and PyPI");
    }
}

#[test]
fn no_path_that_a_page_names_is_gone() {
    let mut checked = 0;
    let mut gone = Vec::new();
    for name in pages() {
        // What was changed once may be gone since.
        if name == "CHANGELOG.md" {
            continue;
        }
        for code in read(&std::fs::read_to_string(root().join(&name)).unwrap()).code {
            let is_path = FOLDERS.iter().any(|folder| code.starts_with(folder))
                && code.chars().all(|letter| letter.is_alphanumeric() || "/._-".contains(letter));
            if is_path {
                checked += 1;
                if !root().join(&code).exists() {
                    gone.push(format!("{name}: {code}"));
                }
            }
        }
    }
    assert!(gone.is_empty(), "{}", gone.join("\n"));
    assert!(checked > 60, "only {checked} paths were found");
}

/// Gathers the files of a folder that have `unsafe` code: a block, a function or an implementation.
fn with_unsafe(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            with_unsafe(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let is_code = |line: &str| !line.trim_start().starts_with("//");
            let uses = ["unsafe {", "unsafe fn ", "unsafe impl ", "unsafe extern "];
            if text.lines().any(|line| is_code(line) && uses.iter().any(|word| line.contains(word))) {
                found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/"));
            }
        }
    }
}

#[test]
fn every_file_with_unsafe_code_is_told_of() {
    let mut found = Vec::new();
    with_unsafe(&root().join("vm/src"), &mut found);
    let page = std::fs::read_to_string(root().join("docs/internals/unsafe.md")).unwrap();
    let untold: Vec<&String> = found.iter().filter(|file| !page.contains(&format!("`{file}`"))).collect();
    assert!(untold.is_empty(), "docs/internals/unsafe.md does not tell of {untold:?}");
    assert!(found.len() > 2, "only {found:?} were found");
}

#[test]
fn headings_have_the_fragments_that_github_gives_them() {
    let page = read(
        "# Does *your* `mdvm` run?\n\n## A\n\n## A\n\n[a](b.md#c) [d](https://e.org) `vm/src` [f](https://github.com/machine-dialect/machine-dialect-vm/blob/main/docs/g.md#h)\n",
    );
    assert_eq!(page.anchors, ["does-your-mdvm-run", "a", "a-1"]);
    let link = |file: &str, fragment: &str| (file.to_owned(), Some(fragment.to_owned()));
    assert_eq!(page.links, [link("b.md", "c"), link("/docs/g.md", "h")]);
    assert_eq!(page.code, ["mdvm", "vm/src"]);
}
