//! The name that a written type comes down to: `&'a mut Option<Box<dyn shapes::Shape>>` to `Shape`.
//!
//! It reads the words of any language, and so also a type that is half typed. It must not know trees.

/// What holds one type and says little of its own, whichever the language.
const WRAPPERS: [&str; 58] = [
    "Arc",
    "Box",
    "Cell",
    "Cow",
    "Mutex",
    "Option",
    "Pin",
    "Rc",
    "RefCell",
    "Result",
    "RwLock",
    "Vec",
    "VecDeque",
    "HashSet",
    "BTreeSet",
    "Annotated",
    "AsyncIterator",
    "Awaitable",
    "ClassVar",
    "Final",
    "Iterable",
    "Iterator",
    "List",
    "Optional",
    "Required",
    "Sequence",
    "Set",
    "Type",
    "Union",
    "deque",
    "frozenset",
    "list",
    "set",
    "type",
    "Array",
    "NonNullable",
    "Partial",
    "Promise",
    "Readonly",
    "ReadonlyArray",
    "ReadonlySet",
    "ArrayList",
    "Collection",
    "CompletableFuture",
    "LinkedList",
    "Queue",
    "Stream",
    "Supplier",
    "Weak",
    "array",
    "optional",
    "shared_ptr",
    "span",
    "unique_ptr",
    "vector",
    "weak_ptr",
    "IEnumerable",
    "Task",
];

/// What may stand before a name without being part of it.
const MODIFIERS: [&str; 22] = [
    "chan", "class", "const", "dyn", "enum", "final", "for", "impl", "in", "mut", "out", "params", "readonly", "ref",
    "restrict", "scoped", "struct", "typename", "union", "unsafe", "volatile", "static",
];

const NOTHINGS: [&str; 5] = ["None", "nil", "null", "undefined", "void"];

/// No file of a project defines these.
const BUILT_IN: [&str; 65] = [
    "Any", "Object", "Self", "String", "any", "auto", "bigint", "bool", "boolean", "byte", "bytes", "callable", "char",
    "complex", "decimal", "dict", "double", "dynamic", "error", "f32", "f64", "false", "float", "float32", "float64",
    "fn", "func", "function", "i128", "i16", "i32", "i64", "i8", "int", "int16", "int32", "int64", "int8", "isize",
    "long", "map", "mixed", "never", "number", "object", "rune", "self", "short", "signed", "size_t", "str", "string",
    "symbol", "true", "tuple", "u128", "u16", "u32", "u64", "u8", "uint", "unknown", "unsigned", "usize", "var",
];

/// `None` for a built-in type, and where the type has no single name (a tuple, a function).
pub(super) fn bare(written: &str) -> Option<&str> {
    let mut rest = written;
    loop {
        rest = rest.trim_start_matches([' ', '\n', '\t', '\r', '&', '*', '?', ':', '^', '"', '\\']);
        if let Some(lifetime) = rest.strip_prefix('\'') {
            rest = lifetime.trim_start_matches(is_name).trim_start_matches([',', '\'']);
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
