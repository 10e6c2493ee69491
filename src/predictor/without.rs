//! Mechanisms that can be left out, to measure what each is worth.

use std::str::FromStr;

/// What is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Without {
    /// Every key asks anew.
    pub cache: bool,
    /// A key ends the flight of the one before.
    pub adoption: bool,
    /// Nothing is prepared.
    pub speculation: bool,
    /// All that an engine says is shown.
    pub restraint: bool,
    /// A model decodes token by token.
    pub drafts: bool,
    /// Only whole lines are shown.
    pub parts: bool,
    /// Nothing is shown of a line that is still being said.
    pub beginnings: bool,
}

impl FromStr for Without {
    type Err = String;

    /// Names with commas between them.
    fn from_str(names: &str) -> Result<Without, String> {
        let mut without = Without::default();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let switch = match name {
                "cache" => &mut without.cache,
                "adoption" => &mut without.adoption,
                "speculation" => &mut without.speculation,
                "restraint" => &mut without.restraint,
                "drafts" => &mut without.drafts,
                "parts" => &mut without.parts,
                "beginnings" => &mut without.beginnings,
                _ => {
                    let known = "cache, adoption, speculation, restraint, drafts, parts, beginnings";
                    return Err(format!("`{name}` cannot be left out; these can: {known}"));
                }
            };
            *switch = true;
        }
        Ok(without)
    }
}
