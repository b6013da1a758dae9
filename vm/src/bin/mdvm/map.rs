//! Source maps: of a page that was compiled just now, or in a file beside a module.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use machine_dialect_vm::language::SourceMap;

use super::report;

/// Where the instructions of a program come from.
pub(crate) enum Map {
    /// Nothing tells.
    None,
    /// The page was compiled just now.
    Known(Box<SourceMap>),
    /// A file stands beside the module. It is read when it is asked for, and not to run the module.
    Beside {
        path: PathBuf,
        /// The file of the module, to tell whether the map is its own.
        module: Vec<u8>,
    },
}

impl Map {
    /// The map that may stand beside a module, which was read as `module`.
    pub(crate) fn beside(path: &Path, module: Vec<u8>) -> Self {
        let beside = path.with_extension(SourceMap::EXTENSION);
        if path != Path::new("-") && beside != path && beside.is_file() {
            Self::Beside { path: beside, module }
        } else {
            Self::None
        }
    }

    /// The map. Says why, where there is a file and no map in it: the lack of a map is never more than a warning.
    pub(crate) fn get(&self) -> Option<Cow<'_, SourceMap>> {
        match self {
            Self::None => None,
            Self::Known(map) => Some(Cow::Borrowed(map)),
            Self::Beside { path, module } => match read(path, module) {
                Ok(map) => Some(Cow::Owned(map)),
                Err(why) => {
                    report::warning(format!(
                        "{}: {why}; lines of the page are not shown",
                        report::shown(path)
                    ));
                    None
                }
            },
        }
    }
}

/// Reads a map, and the page if the map is without its text and the page stands where the map says, or beside the map.
fn read(path: &Path, module: &[u8]) -> Result<SourceMap, String> {
    let bytes = fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut map = SourceMap::decode(&bytes, module).map_err(|error| error.to_string())?;
    if map.text().is_none() {
        let named = PathBuf::from(map.name());
        let beside = named.file_name().map(|name| path.with_file_name(name));
        for page in [Some(named), beside].into_iter().flatten() {
            if fs::read_to_string(&page).is_ok_and(|text| map.attach_text(&text)) {
                break;
            }
        }
    }
    Ok(map)
}
