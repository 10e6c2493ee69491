(parameter pattern: (identifier) @name type: (_) @type)
(let_declaration pattern: (identifier) @name type: (_) @type)
(field_declaration name: (field_identifier) @name type: (_) @type)
(const_item name: (identifier) @name type: (_) @type)
(static_item name: (identifier) @name type: (_) @type)

(let_declaration pattern: (identifier) @name !type value: (struct_expression name: (_) @type))
(let_declaration
  pattern: (identifier) @name
  !type
  value: (reference_expression value: (struct_expression name: (_) @type)))

; What a type's function returns is most often the type.
(let_declaration
  pattern: (identifier) @name
  !type
  value: [
    (call_expression function: (scoped_identifier path: (_) @type))
    (try_expression (call_expression function: (scoped_identifier path: (_) @type)))
    (await_expression (call_expression function: (scoped_identifier path: (_) @type)))
    (try_expression (await_expression (call_expression function: (scoped_identifier path: (_) @type))))
  ]
  (#match? @type "^([a-z_0-9]+::)*[A-Z]"))
