(using_declaration) @import
(using_declaration [(identifier) @name (qualified_identifier name: (identifier) @name)])
