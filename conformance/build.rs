//! Has the files of the suite compiled in anew when one of them comes or goes, which the compiler alone would not see.

fn main() {
    for folder in ["build.rs", "corpus", "known", "reference/mdvm_reference"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
