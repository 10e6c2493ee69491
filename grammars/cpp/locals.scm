([
  (parameter_declaration type: (_) @type declarator: (reference_declarator (identifier) @name))
  (optional_parameter_declaration type: (_) @type declarator: (reference_declarator (identifier) @name))
  (declaration type: (_) @type declarator: (reference_declarator (identifier) @name))
  (for_range_loop type: (_) @type declarator: (reference_declarator (identifier) @name))
])
(declaration type: (_) @type declarator: (init_declarator declarator: (reference_declarator (identifier) @name)))
(field_declaration type: (_) @type declarator: (reference_declarator (field_identifier) @name))
([
  (optional_parameter_declaration type: (_) @type declarator: [
    (identifier) @name
    (pointer_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @name))
    (array_declarator declarator: (identifier) @name)
  ])
  (for_range_loop type: (_) @type declarator: [
    (identifier) @name
    (pointer_declarator declarator: (identifier) @name)
    (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @name))
    (array_declarator declarator: (identifier) @name)
  ])
])

; auto x = Foo(...), Foo{...}, new Foo(...), std::make_unique<Foo>(...)
(declaration
  type: (placeholder_type_specifier)
  declarator: (init_declarator
    declarator: [(identifier) @name (pointer_declarator declarator: (identifier) @name)]
    value: [
      (compound_literal_expression type: (_) @type)
      (new_expression type: (_) @type)
    ]))
(declaration
  type: (placeholder_type_specifier)
  declarator: (init_declarator
    declarator: (identifier) @name
    value: (call_expression function: [(identifier) (qualified_identifier)] @type))
  (#match? @type "^([a-z_0-9]+::)*[A-Z][^:]*$"))
(declaration
  type: (placeholder_type_specifier)
  declarator: (init_declarator
    declarator: (identifier) @name
    value: (call_expression
      function: (qualified_identifier
        name: (template_function
          name: (identifier) @_make
          arguments: (template_argument_list . (type_descriptor) @type)))))
  (#any-of? @_make "make_unique" "make_shared"))
