//! The code that the front end emits for a handful of pages, as assembly with its places: `vm/tests/emitted/NAME.md` and the
//! `NAME.mdasm` that it must be. With `BLESS=1` the files are written anew; read the difference before you commit it.
#![cfg(feature = "language")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::{env, fs};

use machine_dialect_vm::{assemble, disassemble, language};

fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emitted");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    pages.sort();
    pages
}

#[test]
fn the_code_of_pages_is_as_it_was() {
    let pages = pages();
    assert!(pages.len() >= 6, "only {} pages were found", pages.len());
    for path in pages {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let page = fs::read_to_string(&path).unwrap().replace("\r\n", "\n");
        let compiled = language::compile(&page, &name).unwrap_or_else(|found| panic!("{found}"));
        let mut emitted = disassemble(&compiled.module);
        assert_eq!(assemble(&emitted).unwrap(), compiled.module, "{name}");
        // Which line of the page each instruction is of.
        let lines = (0..compiled.module.len()).map(|pc| {
            compiled
                .map
                .place_of(pc)
                .map_or("-".to_owned(), |place| format!("{}:{}", place.line, place.column))
        });
        emitted.push_str(&format!("; places: {}\n", lines.collect::<Vec<_>>().join(" ")));
        let golden = path.with_extension("mdasm");
        if env::var_os("BLESS").is_some_and(|value| value == "1") {
            fs::write(&golden, &emitted).unwrap();
        }
        let expected = fs::read_to_string(&golden)
            .unwrap_or_else(|error| panic!("{}: {error}; BLESS=1 makes it", golden.display()));
        assert_eq!(
            emitted,
            expected.replace("\r\n", "\n"),
            "the code of {name} differs from {}",
            golden.display()
        );
    }
}
