//! A process with all that it starts: a process group where there are such, a job object on Windows. Ending it ends its
//! children and their children too. Only what moved to a session of its own on purpose gets away.

use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// A running process and whatever it starts. Dropping it ends them.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    system: system::Group,
    /// How the process ended, once that is known.
    ended: Option<String>,
}

impl Group {
    /// Starts a command as the first process of a new group.
    pub(crate) fn spawn(mut command: Command) -> std::io::Result<Self> {
        system::prepare(&mut command);
        let mut child = command.spawn()?;
        match system::Group::of(&child) {
            Ok(system) => Ok(Self { child, system, ended: None }),
            Err(error) => {
                // Nothing may run that cannot be ended.
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// The process itself, for its streams.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether the first process has ended. What it started may go on.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.ended.is_some() || self.system.has_ended(&mut self.child)
    }

    /// Ends everything at once.
    pub(crate) fn kill(&mut self) {
        if self.ended.is_some() {
            return;
        }
        // The group first: as long as nobody waited for its first process, its number is not given to others.
        self.system.kill();
        let _ = self.child.kill();
        self.ended = Some(match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(error) => format!("its exit status is not known: {error}"),
        });
        self.system.forget();
    }

    /// Waits that long for the process to end, ends what is left then, and tells how the process ended.
    pub(crate) fn end(&mut self, patience: Duration) -> String {
        let deadline = Instant::now() + patience;
        while !self.has_ended() {
            if Instant::now() >= deadline {
                self.kill();
                return "it closed its output and went on running".to_owned();
            }
            thread::sleep(Duration::from_millis(1));
        }
        self.kill();
        self.ended.clone().unwrap_or_default()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ends every group there is, for when this process is about to end without dropping them.
pub fn end_all() {
    system::end_all();
}

#[cfg(unix)]
mod system {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};
    use std::sync::{Mutex, PoisonError};

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

    /// The groups that have not been ended.
    static LIVE: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

    #[derive(Debug)]
    pub(super) struct Group(Pid);

    pub(super) fn prepare(command: &mut Command) {
        command.process_group(0);
    }

    impl Group {
        pub(super) fn of(child: &Child) -> std::io::Result<Self> {
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            let pid = pid.ok_or_else(|| std::io::Error::other("its process has no number"))?;
            LIVE.lock().unwrap_or_else(PoisonError::into_inner).push(pid);
            Ok(Self(pid))
        }

        /// Looks without waiting for it, so that the number of the group stays taken.
        pub(super) fn has_ended(&self, _: &mut Child) -> bool {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            matches!(waitid(WaitId::Pid(self.0), options), Ok(Some(_)))
        }

        pub(super) fn kill(&self) {
            // It may be gone already, which is what is wanted.
            let _ = kill_process_group(self.0, Signal::KILL);
        }

        pub(super) fn forget(&self) {
            LIVE.lock().unwrap_or_else(PoisonError::into_inner).retain(|pid| *pid != self.0);
        }
    }

    pub(super) fn end_all() {
        for pid in LIVE.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

#[cfg(windows)]
mod system {
    use std::os::windows::io::AsRawHandle as _;
    use std::process::{Child, Command};
    use std::sync::{Mutex, PoisonError};

    use win32job::Job;

    /// The job ends all its processes when its handle is closed, that is also when this process ends, however it ends.
    #[derive(Debug)]
    pub(super) struct Group(Mutex<Option<Job>>);

    pub(super) fn prepare(_: &mut Command) {}

    impl Group {
        pub(super) fn of(child: &Child) -> std::io::Result<Self> {
            let job = Job::create().map_err(std::io::Error::other)?;
            let mut limits = job.query_extended_limit_info().map_err(std::io::Error::other)?;
            limits.limit_kill_on_job_close();
            job.set_extended_limit_info(&limits).map_err(std::io::Error::other)?;
            job.assign_process(child.as_raw_handle() as isize).map_err(std::io::Error::other)?;
            Ok(Self(Mutex::new(Some(job))))
        }

        pub(super) fn has_ended(&self, child: &mut Child) -> bool {
            matches!(child.try_wait(), Ok(Some(_)))
        }

        pub(super) fn kill(&self) {
            drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
        }

        pub(super) fn forget(&self) {}
    }

    /// The system does it.
    pub(super) fn end_all() {}
}

#[cfg(not(any(unix, windows)))]
mod system {
    use std::process::{Child, Command};

    /// Where there are no groups, only the process itself is ended.
    #[derive(Debug)]
    pub(super) struct Group;

    pub(super) fn prepare(_: &mut Command) {}

    impl Group {
        pub(super) fn of(_: &Child) -> std::io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn has_ended(&self, child: &mut Child) -> bool {
            matches!(child.try_wait(), Ok(Some(_)))
        }

        pub(super) fn kill(&self) {}

        pub(super) fn forget(&self) {}
    }

    pub(super) fn end_all() {}
}
