(parameter type: (_) @type name: (identifier) @name)
(variable_declaration type: (_) @type (variable_declarator name: (identifier) @name))
(property_declaration type: (_) @type name: (identifier) @name)
(foreach_statement type: (_) @type left: (identifier) @name)
(declaration_pattern type: (_) @type name: (identifier) @name)
(declaration_expression type: (_) @type name: (identifier) @name)
(catch_declaration type: (_) @type name: (identifier) @name)

(variable_declaration
  type: (implicit_type)
  (variable_declarator name: (identifier) @name (object_creation_expression type: (_) @type)))
