//! What a file defines and imports, language by language, through the `outline` file of each folder of `grammars/`.

mod languages;

use std::fs;
use std::path::Path;

use foretype::syntax::outline::{Import, Local, Symbol};
use foretype::syntax::{Language, Tree};
use foretype::text::Text;

fn parse(language: Language, text: &str) -> Tree {
    Tree::parse(&Text::new(text), language, None, &mut || false).unwrap()
}

fn language(id: &str) -> Language {
    Language::from_id(id).unwrap()
}

fn outline_file(language: Language) -> String {
    let file = format!("grammars/{}/outline.{}", language.id(), language.extension());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The kind and the owner, and what the signature says, each line without its indent.
fn show_symbol(symbol: &Symbol) -> String {
    let owner = symbol.owner.as_ref().map(|owner| format!("{owner}.")).unwrap_or_default();
    let kind = format!("{:?}", symbol.kind).to_lowercase();
    let signature: Vec<&str> = symbol.signature.lines().map(str::trim).collect();
    format!("{kind} {owner}{}: {}", symbol.name, signature.join(" "))
}

fn show_import(import: &Import) -> String {
    let original = if import.name == import.original { String::new() } else { format!(" ({})", import.original) };
    let statement: Vec<&str> = import.statement.lines().map(str::trim).collect();
    format!("import {}{original}: {}", import.name, statement.join(" "))
}

fn show_local(local: &Local) -> String {
    format!("local {}: {}", local.name, local.type_name)
}

/// Everything of the language's outline file, against a listing that may be indented.
#[track_caller]
fn check(id: &str, expected: &str) {
    let language = language(id);
    let text = outline_file(language);
    let tree = parse(language, &text);
    assert!(!tree.has_error(), "{id}: {tree:?}");
    let outline = tree.outline(&text);
    let symbols = outline.symbols.iter().map(show_symbol);
    let imports = outline.imports.iter().map(show_import);
    let locals = tree.locals(&text, 0..text.len());
    let found: Vec<String> = symbols.chain(imports).chain(locals.iter().map(show_local)).collect();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(found, expected, "\n{}", found.join("\n"));
}

#[test]
fn every_query_compiles() {
    for language in Language::all() {
        let outline = parse(language, "").outline("");
        assert_eq!((outline.symbols.len(), outline.imports.len()), (0, 0), "{language:?}");
    }
}

/// What the outline loses, and gains, when `half_typed` is written below the line that ends with `line`.
#[track_caller]
fn check_half_typed(id: &str, line: &str, half_typed: &[&str], expected: &[&str]) {
    let language = language(id);
    let text = outline_file(language);
    let (before, after) = text.split_once(line).unwrap_or_else(|| panic!("{id}: no {line}"));
    let indented = before.lines().next_back().unwrap();
    let indent = &indented[..indented.len() - indented.trim_start().len()];
    let listing = |text: &str| {
        let outline = parse(language, text).outline(text);
        let symbols = outline.symbols.iter().map(show_symbol);
        symbols.chain(outline.imports.iter().map(show_import)).collect::<Vec<String>>()
    };
    let whole = listing(&text);
    for half_typed in half_typed {
        let broken = listing(&format!("{before}{line}\n{indent}{half_typed}{after}"));
        let lost = whole.iter().filter(|entry| !broken.contains(entry)).map(|entry| format!("-{entry}"));
        let gained = broken.iter().filter(|entry| !whole.contains(entry)).map(|entry| format!("+{entry}"));
        assert_eq!(lost.chain(gained).collect::<Vec<String>>(), expected, "{id}: {half_typed}");
    }
}

#[test]
fn a_half_typed_line_leaves_the_rest() {
    check_half_typed(
        "rust",
        "let reader = Reader { clock };",
        &["let x = clock.", "if clock.", "f(clock, ", "for x in "],
        &[],
    );
    check_half_typed("python", "parser = net.Parser(limit)", &["x = parser.", "if x:", "for x in "], &[]);
    check_half_typed("typescript", "= new Parser<T>(limit);", &["const x = parser.", "if (", "f(parser, "], &[]);
    check_half_typed("typescriptreact", "setOpen(!open);", &["const x = props.", "if (", "f(props, "], &[]);
    check_half_typed("javascript", "const parser = new Parser(limit);", &["if ("], &[]);
    check_half_typed("go", "yaml.NewParser(client)", &["x := parser.", "if x := ", "f(parser, "], &[]);
    check_half_typed("java", "new Parser(limit);", &["var x = parser.", "parser.", "if ("], &[]);
    check_half_typed("c", "state = FEED_DUE;", &["int x = self->", "if (", "f(self, "], &[]);
    check_half_typed("cpp", "auto clock = Clock(1);", &["auto x = clock.", "if (", "f(clock, "], &[]);
    check_half_typed("csharp", "new Parser<T>(limit);", &["var x = parser.", "parser.", "f(parser, "], &[]);
    check_half_typed("ruby", "parser = Parser.new(now)", &["x = parser.", "parser&."], &[]);
    check_half_typed("php", "new Net\\Parser($limit);", &["$x = $parser->", "$parser->", "if ("], &[]);
}

/// What the parser takes into the half-typed line is lost; this says how much that is.
#[test]
fn a_line_with_an_open_bracket_may_take_what_follows() {
    let keep = "-function read.keep: def keep(entry: \"Entry\"):";
    check_half_typed("python", "parser = net.Parser(limit)", &["if ("], &[keep]);
    let keep = "-function read.keep: const keep = (entry) =>";
    check_half_typed("javascript", "const parser = new Parser(limit);", &["const x = parser.", "f(parser, "], &[keep]);
    let open = "-function Feed.open: public static function open(string $path): static";
    check_half_typed("php", "new Net\\Parser($limit);", &["f($parser, "], &[open]);
}

/// The names of the scopes at `$0`, outermost first.
#[track_caller]
fn check_scopes(id: &str, fixture: &str, expected: &[&str]) {
    let offset = fixture.find("$0").unwrap();
    let text = fixture.replacen("$0", "", 1);
    let scopes = parse(language(id), &text).scopes(&text, offset);
    assert_eq!(scopes.iter().map(|scope| &*scope.name).collect::<Vec<_>>(), expected, "{fixture}");
}

#[test]
fn a_scope_is_around_its_body() {
    check_scopes(
        "rust",
        "mod a {\n    impl B for C {\n        fn d() {\n            $0\n        }\n    }\n}\n",
        &["a", "C", "d"],
    );
    check_scopes("rust", "struct A {\n    $0\n}\n", &["A"]);
    check_scopes("rust", "fn a(b: $0) {\n}\n", &[]);
    check_scopes("python", "class A:\n    @b\n    def c(self):\n        d()$0\n", &["A", "c"]);
    check_scopes("typescript", "export class A {\n    b = (c) => {\n        $0\n    };\n}\n", &["A", "b"]);
    check_scopes("go", "func (a *A) B() {\n\tc()\n\t$0\n}\n", &["B"]);
    check_scopes("c", "struct a *b(int c)\n{\n\tif (c) {\n\t\t$0\n\t}\n}\n", &["b"]);
    check_scopes("cpp", "namespace a {\nb &C::d() {\n    $0\n}\n}\n", &["a", "d"]);
    check_scopes("php", "<?php\nclass A {\n    function b() {\n        $0\n    }\n}\n", &["A", "b"]);
}

#[test]
fn an_indented_scope_goes_on_while_the_indent_does() {
    check_scopes("python", "class A:\n    def b(self):\n        $0", &["A", "b"]);
    check_scopes("python", "class A:\n    def b(self):\n        c()\n        $0\n", &["A", "b"]);
    check_scopes("python", "class A:\n    def b(self):\n        c()\n\n    $0\n", &["A"]);
    check_scopes("python", "class A:\n    def b(self):\n        $0\n        c()\n", &["A", "b"]);
    check_scopes("python", "class A:\n    def b(self):\n        c()\n\n$0\n", &[]);
}

#[test]
fn a_scope_may_end_with_a_word() {
    check_scopes("ruby", "class A\n  def b(c)\n    $0\n  end\nend\n", &["A", "b"]);
    check_scopes("ruby", "class A\n  def b(c)\n    d\n    $0\n  end\nend\n", &["A", "b"]);
    check_scopes("ruby", "class A\n  def b(c)\n    d\n  end\n\n  $0\nend\n", &["A"]);
}

#[test]
fn a_half_typed_body_is_a_scope() {
    check_scopes("rust", "impl A {\n    fn b(&self) {\n        let c = self.$0\n    }\n}\n", &["A", "b"]);
    check_scopes(
        "python",
        "class A:\n    def b(self):\n        c = self.$0\n\n    def d(self):\n        pass\n",
        &["A", "b"],
    );
    check_scopes("java", "class A {\n    void b() {\n        c.$0\n    }\n}\n", &["A", "b"]);
    check_scopes("go", "func a() {\n\tb := c.$0\n}\n", &["a"]);
}

#[track_caller]
fn check_local(id: &str, text: &str, expected: &str) {
    let locals = parse(language(id), text).locals(text, 0..text.len());
    assert_eq!(locals.iter().map(show_local).collect::<Vec<_>>().join("\n"), expected, "{text}");
}

#[test]
fn a_declared_type_comes_down_to_its_name() {
    check_local("rust", "fn f(a: &'a mut Option<Box<dyn b::C<D>>>) {}", "local a: C");
    check_local("rust", "fn f(a: &[B], c: [D; 3], e: HashMap<F, G>) {}", "local a: B\nlocal c: D\nlocal e: HashMap");
    check_local("rust", "fn f(a: u8, b: (C, D), e: Option<String>, f: fn(G)) {}", "");
    check_local("python", "def f(a: \"b.C | None\", d: Optional[list[E]] = None): pass", "local a: C\nlocal d: E");
    check_local("typescript", "function f(a: B[] | undefined, c?: Promise<Readonly<D>>) {}", "local a: B\nlocal c: D");
    check_local("go", "func f(a []*b.C, d map[string]E, g ...H) {}", "local a: C\nlocal g: H");
    check_local("cpp", "void f(const std::vector<std::shared_ptr<a::B>> &c);", "local c: B");
    check_local("php", "<?php\nfunction f(?A\\B $c, null|D $e) {}", "local c: B\nlocal e: D");
}

#[test]
fn what_a_variable_is_made_with_is_its_type() {
    check_local("rust", "fn f() { let a = b::C::open(d).await?; let e = g::h(); }", "local a: C");
    check_local("python", "a = b.C(d)\ne = f(g)\nwith H() as i: pass", "local a: C\nlocal i: H");
    check_local("javascript", "this.a = new b.C();", "local a: C");
    check_local("go", "func f() { a := b.NewC(d); e, err := &G{}, nil; h := errors.New(i) }", "local a: C\nlocal e: G");
    check_local("cpp", "void f() { auto a = std::make_unique<b::C>(d); auto *e = new F(); }", "local a: C\nlocal e: F");
    check_local("ruby", "@a ||= B::C.new(d)", "local @a: C");
}
