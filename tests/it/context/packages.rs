//! Packages of a project that holds several: what is of the document's own comes first.

use super::*;

const MANIFEST: &str = "[package]\nname = \"x\"\n";

#[test]
fn of_homonyms_the_one_of_the_package_is_meant() {
    for manifest in ["Cargo.toml", "package.json", "x.csproj", "go.mod"] {
        let gathered = gather(
            "definitions",
            &[
                ("libs/near/src/deep/main.rs", "fn main() {\n    let all = gather_all($0\n}\n"),
                ("libs/far/src/lib.rs", "pub fn gather_all(far: u8) {}\n"),
                ("libs/near/util/all.rs", "pub fn gather_all(near: u8) {}\n"),
                (&format!("libs/near/{manifest}"), "{}\n"),
                (&format!("libs/far/{manifest}"), "{}\n"),
            ],
        );
        let expected = "libs/near/util/all.rs: gather_all: named above, defined in the same package";
        assert_eq!(found(&gathered), [expected], "{manifest}");
    }
}

#[test]
fn of_windows_that_are_alike_the_one_of_the_package_comes_first() {
    let here = LOOP.replace("        gathered.push(block);\n    }\n    Ok(gathered)\n}\n", "        $0");
    let here = here.replace("blocks", "pages").replace("block", "page");
    let gathered = gather(
        "similar",
        &[
            ("near/src/a.rs", &here),
            ("far/src/b.rs", LOOP),
            ("near/src/c.rs", LOOP),
            ("near/Cargo.toml", MANIFEST),
            ("far/Cargo.toml", MANIFEST),
        ],
    );
    let found = found(&gathered);
    assert!(found[0].starts_with("near/src/c.rs: ") && found[0].ends_with("cursor"), "{found:?}");
    assert!(found[1].starts_with("far/src/b.rs: ") && found[1].ends_with(", in another package"), "{found:?}");
}
