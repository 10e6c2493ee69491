(parameter_declaration name: (identifier) @name type: (_) @type)
(variadic_parameter_declaration name: (identifier) @name type: (_) @type)
(field_declaration name: (field_identifier) @name type: (_) @type)
(var_spec name: (identifier) @name type: (_) @type)

; x := T{...}, x := &T{...}, x := NewT(...)
(short_var_declaration
  left: (expression_list . (identifier) @name)
  right: (expression_list
    .
    [
      (composite_literal type: (_) @type)
      (unary_expression operand: (composite_literal type: (_) @type))
      (call_expression
        function: [(identifier) @constructor (selector_expression field: (field_identifier) @constructor)])
    ]))
(var_spec
  name: (identifier) @name
  !type
  value: (expression_list
    .
    [
      (composite_literal type: (_) @type)
      (unary_expression operand: (composite_literal type: (_) @type))
    ]))
