//! Has the case files compiled in anew when one of them comes or goes, which the compiler alone would not see.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_FEATURE_CASES").is_some() {
        println!("cargo::rerun-if-changed=cases");
        println!("cargo::rerun-if-changed=programs");
    }
}
