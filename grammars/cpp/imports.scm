(preproc_include path: [(string_literal) (system_lib_string)] @path) @import

(using_declaration) @import
(using_declaration [(identifier) @name (qualified_identifier name: (identifier) @name)])
