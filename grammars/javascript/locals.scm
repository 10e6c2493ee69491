(variable_declarator name: (identifier) @name value: (new_expression constructor: (_) @type))
(field_definition property: (_) @name value: (new_expression constructor: (_) @type))
(assignment_expression
  left: (member_expression object: (this) property: (_) @name)
  right: (new_expression constructor: (_) @type))
