(simple_parameter type: (_) @type name: (variable_name (name) @name))
(variadic_parameter type: (_) @type name: (variable_name (name) @name))
(property_promotion_parameter type: (_) @type name: (variable_name (name) @name))
(property_declaration type: (_) @type (property_element name: (variable_name (name) @name)))
(catch_clause type: (_) @type name: (variable_name (name) @name))

; $x = new Foo(...)
(assignment_expression
  left: [(variable_name (name) @name) (member_access_expression name: (name) @name)]
  right: (object_creation_expression . [(name) (qualified_name)] @type))
