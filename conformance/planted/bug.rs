//! Bugs as data, and the list of them.

use mdvm_conform::paths::home;
use serde::Deserialize;

/// One weakened rule.
#[derive(Debug, Clone)]
pub(crate) struct Bug {
    /// The name of the trial.
    pub(crate) name: String,
    /// The rule that it breaks.
    pub(crate) why: String,
    /// Where the reader of a report finds it.
    pub(crate) place: String,
    /// What turns the reference into a broken one.
    pub(crate) edits: Vec<Edit>,
    /// The cases to try first: folders, files or ids of cases, without `.yaml`; `*/add` is the file `add` of any folder.
    pub(crate) killed_by: Vec<String>,
    /// Why it is fair that a crash of the broken copy counts as a kill; without a reason it does not.
    pub(crate) dies_because: Option<String>,
}

/// One replacement in a file of the reference.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub(crate) file: String,
    /// The one function of that name in the file, where the text is to be found; otherwise anywhere.
    pub(crate) function: Option<String>,
    /// What is replaced, which must be there exactly once: a bug whose place has gone is an error.
    pub(crate) find: String,
    pub(crate) replace: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    bugs: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: String,
    why: String,
    file: Option<String>,
    function: Option<String>,
    find: Option<String>,
    replace: Option<String>,
    #[serde(default)]
    edits: Vec<Edit>,
    killed_by: Vec<String>,
    dies_because: Option<String>,
}

/// The bugs of a list in `conformance/planted`.
pub(crate) fn read(file: &str) -> Result<Vec<Bug>, String> {
    let path = home().join("planted").join(file);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let list: List = serde_yaml::from_str(&text).map_err(|error| format!("planted/{file}: {error}"))?;
    list.bugs.into_iter().map(|listed| bug_of(listed, file)).collect()
}

fn bug_of(listed: Listed, file_of_bugs: &str) -> Result<Bug, String> {
    let Listed { name, why, file, function, find, replace, edits, killed_by, dies_because } = listed;
    let edits = match (file, find, replace, edits.is_empty()) {
        (Some(file), Some(find), Some(replace), true) => vec![Edit { file, function, find, replace }],
        (None, None, None, false) => edits,
        (_, _, _, _) => {
            return Err(format!("{name}: a bug has either `file`, `find` and `replace`, or `edits`"));
        }
    };
    let place = format!("{name} in conformance/planted/{file_of_bugs}");
    Ok(Bug { name, why, place, edits, killed_by, dies_because })
}
