//! The name that a written type comes down to: `&'a mut Option<Box<dyn shapes::Shape>>` to `Shape`.
//!
//! It reads the words of any language, and so also a type that is half typed. It must not know trees.

/// What holds one type and says little of its own, whichever the language.
#[rustfmt::skip]
const WRAPPERS: [&str; 58] = [
    "Annotated", "Arc", "Array", "array", "ArrayList", "AsyncIterator", "Awaitable", "Box", "BTreeSet", "Cell",
    "ClassVar", "Collection", "CompletableFuture", "Cow", "deque", "Final", "frozenset", "HashSet", "IEnumerable",
    "Iterable", "Iterator", "LinkedList", "List", "list", "Mutex", "NonNullable", "Option", "Optional", "optional",
    "Partial", "Pin", "Promise", "Queue", "Rc", "Readonly", "ReadonlyArray", "ReadonlySet", "RefCell", "Required",
    "Result", "RwLock", "Sequence", "Set", "set", "shared_ptr", "span", "Stream", "Supplier", "Task", "Type", "type",
    "Union", "unique_ptr", "Vec", "VecDeque", "vector", "Weak", "weak_ptr",
];

/// What may stand before a name without being part of it.
#[rustfmt::skip]
const MODIFIERS: [&str; 22] = [
    "chan", "class", "const", "dyn", "enum", "final", "for", "impl", "in", "mut", "out", "params", "readonly", "ref",
    "restrict", "scoped", "static", "struct", "typename", "union", "unsafe", "volatile",
];

const NOTHINGS: [&str; 5] = ["None", "nil", "null", "undefined", "void"];

/// No file of a project defines these.
#[rustfmt::skip]
const BUILT_IN: [&str; 71] = [
    "Any", "any", "array", "auto", "bigint", "bool", "boolean", "byte", "bytes", "callable", "char", "complex",
    "decimal", "dict", "double", "dynamic", "error", "f32", "f64", "false", "float", "float32", "float64", "fn",
    "frozenset", "func", "function", "i128", "i16", "i32", "i64", "i8", "int", "int16", "int32", "int64", "int8",
    "isize", "iterable", "list", "long", "map", "mixed", "never", "number", "Object", "object", "rune", "Self",
    "self", "set", "short", "signed", "size_t", "str", "String", "string", "symbol", "true", "tuple", "type", "u128",
    "u16", "u32", "u64", "u8", "uint", "unknown", "unsigned", "usize", "var",
];

/// `None` for a built-in type, and where the type has no single name (a tuple, a function).
pub(super) fn bare(written: &str) -> Option<&str> {
    let mut rest = written;
    loop {
        rest = rest.trim_start_matches([' ', '\n', '\t', '\r', '&', '*', '?', ':', '^', '"', '\\']);
        if let Some(quoted) = rest.strip_prefix('\'') {
            rest = behind_lifetime(quoted).unwrap_or(quoted);
        } else if let Some(bracketed) = rest.strip_prefix('[') {
            let (inside, behind) = bracketed.split_at(closer(bracketed));
            let behind = behind.trim_start_matches(']');
            rest = if behind.starts_with(is_name_or_pointer) { behind } else { inside };
        } else {
            let path = &rest[..rest.find(|c: char| !is_name(c) && !":.\\".contains(c)).unwrap_or(rest.len())];
            let name = path.trim_end_matches([':', '.']).rsplit([':', '.', '\\']).next().unwrap_or_default();
            let behind = rest[path.len()..].trim_start();
            rest = match name {
                "" => return None,
                _ if MODIFIERS.contains(&name) => behind,
                _ if NOTHINGS.contains(&name) => behind.strip_prefix('|')?,
                _ if WRAPPERS.contains(&name) && has_parameter(behind) => &behind[1..],
                _ if BUILT_IN.contains(&name) => return None,
                _ => return Some(name),
            };
        }
    }
}

/// What follows a lifetime, by its case and its end; a quoted type is none.
fn behind_lifetime(quoted: &str) -> Option<&str> {
    let behind = quoted.trim_start_matches(is_name);
    let ends = behind.is_empty() || behind.starts_with([' ', ',', '>']);
    (ends && !quoted.starts_with(char::is_uppercase)).then(|| behind.trim_start_matches(','))
}

fn has_parameter(behind: &str) -> bool {
    behind.starts_with('<') || (behind.starts_with('[') && !behind.starts_with("[]"))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn is_name_or_pointer(c: char) -> bool {
    is_name(c) || c == '*' || c == '['
}

/// Where the bracket that was open before `text` closes.
fn closer(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' if depth == 0 => return at,
            ']' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}
