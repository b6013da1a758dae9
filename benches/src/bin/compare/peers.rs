//! The interpreters that are compared, and how to find them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use mdvm_benches::{Kernel, folder};

/// Runs a module in the public package.
const UPSTREAM: &str =
    "import sys, machine_dialect_vm as m; v = m.RustVM(); v.load_bytecode(sys.argv[1]); v.execute()";

/// The machine, and what it is compared with.
pub(crate) struct Peers {
    pub(crate) ours: Peer,
    pub(crate) others: Vec<Peer>,
}

impl Peers {
    /// All of them, the machine first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Peer> {
        std::iter::once(&self.ours).chain(&self.others)
    }
}

/// An interpreter that is there.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// Its name on the command line.
    pub(crate) id: String,
    /// Its name in tables.
    pub(crate) label: String,
    /// What it says of its version.
    pub(crate) version: String,
    /// What it runs.
    pub(crate) runs: Runs,
    command: Vec<String>,
}

/// What an interpreter runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// Modules.
    Modules,
    /// Modules, of the kernels and at the sizes that the public package can.
    ModulesOfUpstream,
    /// Lua.
    Lua,
    /// Lua, in the files for LuaJIT where there are some.
    LuaJit,
    /// Python.
    Python,
}

impl Peer {
    /// The machine that is measured: the one that stands beside this program, or another.
    pub(crate) fn machine(command: Option<&str>) -> Result<Self> {
        if let Some(command) = command {
            return Self::of_modules("mdvm", command);
        }
        let path = Self::path_of_machine()?;
        Self::of_modules("mdvm", &shell_words::join([&*path.to_string_lossy(), "run"]))
    }

    /// The machine that stands beside this program.
    pub(crate) fn path_of_machine() -> Result<PathBuf> {
        let folder = std::env::current_exe()?;
        let name = format!("mdvm{}", std::env::consts::EXE_SUFFIX);
        let path = folder.parent().unwrap_or(Path::new(".")).join(name);
        ensure!(
            path.is_file(),
            "{} is not there; run benches/compare, which builds it, or name one with --mdvm",
            path.display()
        );
        Ok(path)
    }

    /// An interpreter of modules, by its command.
    pub(crate) fn of_modules(name: &str, command: &str) -> Result<Self> {
        let words = shell_words::split(command).with_context(|| format!("{name}: {command}"))?;
        let first = words.first().with_context(|| format!("{name}: the command is empty"))?;
        let version = said(first, &["--version"]).unwrap_or_else(|| "no version told".to_owned());
        Ok(Self { id: name.to_owned(), label: name.to_owned(), version, runs: Runs::Modules, command: words })
    }

    /// The command that runs a kernel, of which `module` is the module in the size `n`.
    pub(crate) fn command(&self, kernel: &Kernel, n: u64, module: &Path) -> Command {
        let size = n.to_string();
        match self.runs {
            Runs::Modules | Runs::ModulesOfUpstream => self.run([module.as_os_str()]),
            Runs::Lua => self.run([kernel.twin("lua", None).as_os_str(), size.as_ref()]),
            Runs::LuaJit => self.run([kernel.twin("lua", Some("luajit.lua")).as_os_str(), size.as_ref()]),
            Runs::Python => self.run([kernel.twin("py", None).as_os_str(), size.as_ref()]),
        }
    }

    /// The command that runs the program that only prints a line, of which `module` is the module.
    pub(crate) fn hello(&self, module: &Path) -> Command {
        let twin = |extension: &str| folder().join("startup").join(format!("hello.{extension}"));
        match self.runs {
            Runs::Modules | Runs::ModulesOfUpstream => self.run([module]),
            Runs::Lua | Runs::LuaJit => self.run([twin("lua")]),
            Runs::Python => self.run([twin("py")]),
        }
    }

    fn run<T: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = T>) -> Command {
        let mut words = self.command.iter();
        let mut command = Command::new(words.next().map_or("", String::as_str));
        command.args(words).args(arguments);
        command
    }
}

/// An interpreter that may be there.
pub(crate) struct Candidate {
    /// Its name on the command line.
    pub(crate) id: &'static str,
    /// Its name in tables.
    pub(crate) label: &'static str,
    /// How to get it.
    pub(crate) how: &'static str,
    runs: Runs,
}

/// All interpreters that are known.
pub(crate) fn known() -> Vec<Candidate> {
    let jit = "apt install luajit, brew install luajit, or https://luajit.org";
    vec![
        Candidate {
            id: "lua",
            label: "Lua 5.4",
            how: "apt install lua5.4, brew install lua@5.4, or https://lua.org",
            runs: Runs::Lua,
        },
        Candidate { id: "luajit-off", label: "LuaJIT, JIT off", how: jit, runs: Runs::LuaJit },
        Candidate { id: "luajit", label: "LuaJIT", how: jit, runs: Runs::LuaJit },
        Candidate {
            id: "cpython",
            label: "CPython",
            how: "apt install python3; MDVM_PYTHON names it, if it is not python3",
            runs: Runs::Python,
        },
        Candidate {
            id: "upstream",
            label: "public package",
            how: "bash conformance/adapters/upstream.sh --setup, which needs PyPI once",
            runs: Runs::ModulesOfUpstream,
        },
    ]
}

impl Candidate {
    /// The interpreter, if it is there.
    pub(crate) fn find(&self) -> Option<Peer> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let (command, version) = match self.id {
            "lua" => ["lua5.4", "lua-5.4", "lua"].iter().find_map(|name| {
                let version = said(name, &["-v"]).filter(|version| version.starts_with("Lua 5.4"))?;
                Some((words(&[name]), version))
            })?,
            "luajit-off" => (words(&["luajit", "-joff"]), said("luajit", &["-v"])?),
            "luajit" => (words(&["luajit"]), said("luajit", &["-v"])?),
            "cpython" => {
                let name = std::env::var("MDVM_PYTHON").unwrap_or_else(|_| "python3".to_owned());
                // What is called python3 may be a script that looks for the real one first.
                let path = said(&name, &["-c", "import sys; print(sys.executable)"])?;
                let version = said(&path, &["--version"])?;
                // Without what others have installed, which may take long to start and is no part of Python.
                (words(&[&path, "-I", "-S"]), version)
            }
            _ => {
                let python = environment().join("bin/python");
                let python = python.to_str()?;
                let ask = "from importlib.metadata import version as v; print('machine-dialect-vm', v('machine-dialect-vm'))";
                (words(&[python, "-c", UPSTREAM]), said(python, &["-c", ask])?)
            }
        };
        // The date and the holder of the copyright are not the version.
        let version = version
            .split("  ")
            .next()
            .unwrap_or_default()
            .split(" -- ")
            .next()
            .unwrap_or_default()
            .to_owned();
        Some(Peer { id: self.id.to_owned(), label: self.label.to_owned(), version, runs: self.runs, command })
    }
}

/// Where `conformance/adapters/upstream.sh` puts the public package.
fn environment() -> PathBuf {
    folder().join("../target/upstream-venv")
}

/// The first line that a command prints, if it can be run and has a good end.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
    let text = String::from_utf8(text).ok()?;
    output.status.success().then(|| text.lines().next().unwrap_or_default().trim().to_owned())
}
