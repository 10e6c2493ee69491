//! Keys in the system's own keyring: the Keychain, the Credential Manager, or the Secret Service of a Linux desktop.
//!
//! Of the feature `keyring`; without it, each function says so. Every call has a thread of its own and ends in time: a
//! locked keyring asks its user, who may be away.

/// The name that the entries stand under; beside it stands the one that the user gave.
#[cfg(feature = "keyring")]
const SERVICE: &str = "foretype";

/// Whether this build can. Otherwise a sentence for the user.
pub fn is_built() -> Result<(), String> {
    match cfg!(feature = "keyring") {
        true => Ok(()),
        false => Err("this foretype was built without the system's keyring; build it with \
             `cargo install --path . --features keyring`, or use `key_variable` or `key_command`"
            .to_string()),
    }
}

/// The key of that name. Errors are sentences for the user.
pub fn read(name: &str) -> Result<String, String> {
    imp::read(name)
}

/// Puts a key under a name, in the place of the one before.
pub fn store(name: &str, key: &str) -> Result<(), String> {
    imp::store(name, key)
}

/// Takes it out; false where there was none.
pub fn remove(name: &str) -> Result<bool, String> {
    imp::remove(name)
}

#[cfg(feature = "keyring")]
mod imp {
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use keyring_core::{Entry, Error, Result as KeyringResult};

    use super::SERVICE;

    /// A user who is asked to unlock it has so long; the answer counts for the next question.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[cfg(any(target_os = "macos", windows))]
    const NEXT_STEP: &str = "unlock it, or use `key_variable` or `key_command`";
    #[cfg(not(any(target_os = "macos", windows)))]
    const NEXT_STEP: &str = "it needs D-Bus and a Secret Service (GNOME Keyring, KWallet, KeePassXC) in the session that \
                             the editor was started from; start one, or use `key_variable` or `key_command`";

    pub fn read(name: &str) -> Result<String, String> {
        in_time(name, |entry| entry.get_password())
    }

    pub fn store(name: &str, key: &str) -> Result<(), String> {
        let key = secrecy::SecretString::from(key);
        in_time(name, move |entry| entry.set_password(secrecy::ExposeSecret::expose_secret(&key)))
    }

    pub fn remove(name: &str) -> Result<bool, String> {
        in_time(name, |entry| match entry.delete_credential() {
            Ok(()) => Ok(true),
            Err(Error::NoEntry) => Ok(false),
            Err(error) => Err(error),
        })
    }

    fn in_time<T: Send + 'static>(
        name: &str,
        work: impl FnOnce(&Entry) -> KeyringResult<T> + Send + 'static,
    ) -> Result<T, String> {
        let (done, is_done) = channel();
        let named = name.to_string();
        std::thread::spawn(move || {
            let worked = entry(&named).and_then(|entry| work(&entry));
            let _ = done.send(worked.map_err(|error| sentence(&named, &error)));
        });
        is_done.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            let why = match error {
                RecvTimeoutError::Timeout => format!("it does not answer within {} s", PATIENCE.as_secs()),
                RecvTimeoutError::Disconnected => "its library failed".to_string(),
            };
            Err(format!("the system's keyring cannot be used: {why}; {NEXT_STEP}"))
        })
    }

    /// The store is looked for again until there is one: a desktop's may start after the editor.
    fn entry(name: &str) -> KeyringResult<Entry> {
        if keyring_core::get_default_store().is_none() {
            keyring_core::set_default_store(system()?);
        }
        Entry::new(SERVICE, name)
    }

    #[cfg(target_os = "macos")]
    fn system() -> KeyringResult<std::sync::Arc<keyring_core::CredentialStore>> {
        Ok(apple_native_keyring_store::keychain::Store::new()?)
    }

    #[cfg(windows)]
    fn system() -> KeyringResult<std::sync::Arc<keyring_core::CredentialStore>> {
        Ok(windows_native_keyring_store::Store::new()?)
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    fn system() -> KeyringResult<std::sync::Arc<keyring_core::CredentialStore>> {
        Ok(zbus_secret_service_keyring_store::Store::new()?)
    }

    /// Of errors that carry what was read, the kind alone is told.
    fn sentence(name: &str, error: &Error) -> String {
        match error {
            Error::NoEntry => {
                format!("the system's keyring holds no key `{name}`; put it there with `foretype key set {name}`")
            }
            Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::Ambiguous(_) => format!(
                "what the system's keyring holds as `{name}` is no single text; put the key there anew with \
                 `foretype key set {name}`"
            ),
            error => format!("the system's keyring cannot be used: {error}; {NEXT_STEP}"),
        }
    }
}

#[cfg(not(feature = "keyring"))]
mod imp {
    use super::is_built;

    pub fn read(_name: &str) -> Result<String, String> {
        is_built().map(|()| String::new())
    }

    pub fn store(_name: &str, _key: &str) -> Result<(), String> {
        is_built()
    }

    pub fn remove(_name: &str) -> Result<bool, String> {
        is_built().map(|()| false)
    }
}
