(use_declaration) @import
(extern_crate_declaration !alias name: (identifier) @name) @import
(extern_crate_declaration name: (identifier) @original alias: (identifier) @name) @import
(mod_item name: (identifier) @name !body) @import

(use_declaration argument: [(identifier) @name (scoped_identifier name: (identifier) @name)])
(use_list [(identifier) @name (scoped_identifier name: (identifier) @name)])
(use_wildcard "*" @name)
(use_as_clause
  path: [(identifier) (self) (crate) (scoped_identifier name: (identifier) @original)]
  alias: (identifier) @name)
(use_as_clause path: (identifier) @original alias: (identifier) @name)

; use a::b::{self, ...}
(scoped_use_list
  path: [(identifier) @name (scoped_identifier name: (identifier) @name)]
  list: (use_list (self)))
