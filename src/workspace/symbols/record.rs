//! An outline as bytes. Numbers are little-endian groups of seven bits, the last one without the eighth (LEB128); texts
//! are their length and their UTF-8. No bytes whatever make the reader panic or reserve more than their own size.

use crate::syntax::outline::{Import, Kind, Outline, Symbol};

/// What is left to read. Every read is `None` where the bytes are not what was asked for.
pub struct Reader<'a>(pub &'a [u8]);

const KINDS: [Kind; 5] = [Kind::Function, Kind::Type, Kind::Module, Kind::Value, Kind::Macro];

/// The least that a symbol or an import takes, in bytes.
const LEAST_BYTES: usize = 3;

pub fn encode(outline: &Outline) -> Vec<u8> {
    let mut bytes = Vec::new();
    number(&mut bytes, outline.symbols.len());
    for Symbol { name, kind, owner, range, signature } in &outline.symbols {
        let kind = KINDS.iter().position(|known| known == kind).unwrap_or_default();
        number(&mut bytes, 2 * kind + usize::from(owner.is_some()));
        text(&mut bytes, name);
        owner.iter().for_each(|owner| text(&mut bytes, owner));
        number(&mut bytes, range.start as usize);
        number(&mut bytes, range.len());
        text(&mut bytes, signature);
    }
    number(&mut bytes, outline.imports.len());
    for Import { name, original, statement } in &outline.imports {
        [name, original, statement].iter().for_each(|part| text(&mut bytes, part));
    }
    bytes
}

/// `None` for bytes that are no outline.
pub fn decode(bytes: &[u8]) -> Option<Outline> {
    let mut reader = Reader(bytes);
    let symbols = reader.list(Reader::symbol)?;
    let imports = reader.list(Reader::import)?;
    reader.0.is_empty().then_some(Outline { symbols, imports })
}

pub fn number(bytes: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    number(bytes, text.len());
    bytes.extend_from_slice(text.as_bytes());
}

impl<'a> Reader<'a> {
    pub fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(bytes)
    }

    /// At most 32 bits.
    pub fn number(&mut self) -> Option<u32> {
        let mut number = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.bytes(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(number).ok();
            }
        }
        None
    }

    fn text(&mut self) -> Option<Box<str>> {
        let n = self.number()?;
        std::str::from_utf8(self.bytes(n as usize)?).ok().map(Box::from)
    }

    fn list<T>(&mut self, read: fn(&mut Reader<'a>) -> Option<T>) -> Option<Vec<T>> {
        let n = self.number()? as usize;
        if n > self.0.len() / LEAST_BYTES {
            return None;
        }
        (0..n).map(|_| read(self)).collect()
    }

    fn symbol(&mut self) -> Option<Symbol> {
        let flags = self.number()?;
        let name = self.text()?;
        let owner = if flags & 1 == 1 { Some(self.text()?) } else { None };
        let start = self.number()?;
        let range = start..start.checked_add(self.number()?)?;
        let kind = *KINDS.get(flags as usize / 2)?;
        Some(Symbol { name, kind, owner, range, signature: self.text()? })
    }

    fn import(&mut self) -> Option<Import> {
        Some(Import { name: self.text()?, original: self.text()?, statement: self.text()? })
    }
}
