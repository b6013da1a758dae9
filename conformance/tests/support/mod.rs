//! What more than one test of the tool needs.

use std::path::Path;

/// Copies the reference, its inner packages too, into `folder` with every file passed through `edit`; gives the command that
/// serves the copy.
pub(crate) fn altered_reference(folder: &Path, edit: &dyn Fn(&str) -> String) -> String {
    let package = "mdvm_reference";
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference").join(package);
    copy(&reference, &folder.join(package), edit);
    let python = std::env::var("MDVM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    format!("env PYTHONPATH={} {python} -S -B -m {package} serve", folder.display())
}

fn copy(from: &Path, to: &Path, edit: &dyn Fn(&str) -> String) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.extension().is_some_and(|extension| extension == "py") {
            std::fs::write(target, edit(&std::fs::read_to_string(&path).unwrap())).unwrap();
        } else if path.is_dir() && !path.ends_with("__pycache__") {
            copy(&path, &target, edit);
        }
    }
}
