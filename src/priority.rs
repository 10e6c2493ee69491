//! Who gives way to whom on a machine that is busy: all to the editor and to the answer to a key, which are left as they
//! are; agents to all.
//!
//! Where it cannot be said, it is not.

/// For a thread that works behind a key: a model, what is kept of agents. Those that it starts are the same.
pub fn lower_thread() {
    // Half of the way from the usual to the least. On Linux a priority is a thread's, elsewhere a process's.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 10);
}

/// Makes the program that is started, and all that it starts, run when nothing else would.
#[cfg(unix)]
pub fn lower_program(command: &mut tokio::process::Command) {
    let before_exec = || {
        let _ = rustix::process::nice(19);
        #[cfg(target_os = "linux")]
        lower_class();
        Ok(())
    };
    // SAFETY: between fork and exec it makes two system calls and allocates nothing.
    unsafe {
        command.pre_exec(before_exec);
    }
}

/// Between nice values there is a share of the time for each; a thread of this class has to wait for all others.
#[cfg(target_os = "linux")]
fn lower_class() {
    // SAFETY: it is plain data, of numbers that have to be zero; 0 is the calling process.
    unsafe {
        let parameters: libc::sched_param = std::mem::zeroed();
        libc::sched_setscheduler(0, libc::SCHED_IDLE, &parameters);
    }
}
