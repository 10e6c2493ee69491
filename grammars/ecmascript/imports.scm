(import_statement) @import

(import_clause (identifier) @name)
(import_specifier !alias name: (identifier) @name)
(import_specifier name: (_) @original alias: (identifier) @name)
(import_statement (import_clause (namespace_import (identifier) @name)) source: (string) @path)

; const name = require("path"), const { name } = require("path")
([
  (lexical_declaration
    (variable_declarator
      name: (identifier) @name
      value: (call_expression function: (identifier) @_require arguments: (arguments . (string) @path))))
  (variable_declaration
    (variable_declarator
      name: (identifier) @name
      value: (call_expression function: (identifier) @_require arguments: (arguments . (string) @path))))
] @import
  (#eq? @_require "require"))
([
  (lexical_declaration
    (variable_declarator
      name: [
        (object_pattern (shorthand_property_identifier_pattern) @name)
        (object_pattern (pair_pattern key: (property_identifier) @original value: (identifier) @name))
      ]
      value: (call_expression function: (identifier) @_require arguments: (arguments . (string) @_path))))
  (variable_declaration
    (variable_declarator
      name: [
        (object_pattern (shorthand_property_identifier_pattern) @name)
        (object_pattern (pair_pattern key: (property_identifier) @original value: (identifier) @name))
      ]
      value: (call_expression function: (identifier) @_require arguments: (arguments . (string) @_path))))
] @import
  (#eq? @_require "require"))
