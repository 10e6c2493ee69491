(import_spec !name path: (_) @path) @import
(import_spec name: (package_identifier) @name path: (_) @path) @import
(import_spec name: (dot) path: (_) @path) @import
