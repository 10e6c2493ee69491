(import_declaration) @import

(import_declaration [(identifier) @name (scoped_identifier name: (identifier) @name)] .)
(import_declaration (asterisk) @name)
