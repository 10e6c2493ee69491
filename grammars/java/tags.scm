(class_declaration name: (identifier) @name body: (_) @body) @definition.type
(interface_declaration name: (identifier) @name body: (_) @body) @definition.type
(annotation_type_declaration name: (identifier) @name body: (_) @fields) @definition.type
(record_declaration name: (identifier) @name body: (_) @body) @definition.type
(enum_declaration name: (identifier) @name body: (_) @fields) @definition.type

; An enum with methods shows its constants one by one.
(enum_declaration name: (identifier) @name body: (enum_body (enum_body_declarations)) @body) @definition.type
(enum_constant name: (identifier) @name) @definition.value

(method_declaration name: (identifier) @name body: (_)? @body) @definition.function
(constructor_declaration name: (identifier) @name body: (_) @body) @definition.function
(compact_constructor_declaration name: (identifier) @name body: (_) @body) @definition.function

(field_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.value
(constant_declaration declarator: (variable_declarator name: (identifier) @name)) @definition.value

[(line_comment) (block_comment) (marker_annotation) (annotation)] @comment
