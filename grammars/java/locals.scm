(formal_parameter type: (_) @type name: (identifier) @name)
(spread_parameter (_) @type (variable_declarator name: (identifier) @name))
(catch_formal_parameter (catch_type . (_) @type) name: (identifier) @name)
(local_variable_declaration type: (_) @type declarator: (variable_declarator name: (identifier) @name))
(field_declaration type: (_) @type declarator: (variable_declarator name: (identifier) @name))
(enhanced_for_statement type: (_) @type name: (identifier) @name)
(resource type: (_) @type name: (identifier) @name)
(instanceof_expression right: (_) @type name: (identifier) @name)

(local_variable_declaration
  type: (_) @_var
  declarator: (variable_declarator name: (identifier) @name value: (object_creation_expression type: (_) @type))
  (#eq? @_var "var"))
