(variable_declarator name: (identifier) @name value: (new_expression constructor: (_) @type))
(field_definition property: (_) @name value: (new_expression constructor: (_) @type))
