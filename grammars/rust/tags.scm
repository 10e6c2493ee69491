(function_item name: (identifier) @name body: (block) @body) @definition.function
(function_signature_item name: (identifier) @name) @definition.function

(struct_item name: (type_identifier) @name body: (_)? @fields) @definition.type
(enum_item name: (type_identifier) @name body: (_) @fields) @definition.type
(union_item name: (type_identifier) @name body: (_) @fields) @definition.type
(type_item name: (type_identifier) @name) @definition.type
(associated_type name: (type_identifier) @name) @definition.type
(trait_item name: (type_identifier) @name body: (declaration_list) @body) @definition.type

(mod_item name: (identifier) @name body: (declaration_list) @body) @definition.module

(const_item name: (identifier) @name) @definition.value
(static_item name: (identifier) @name) @definition.value
(macro_definition name: (identifier) @name . (macro_rule right: (token_tree) @body)) @definition.macro

(impl_item
  type: [
    (type_identifier) @name
    (generic_type type: [(type_identifier) @name (scoped_type_identifier name: (type_identifier) @name)])
    (scoped_type_identifier name: (type_identifier) @name)
    (reference_type type: [(type_identifier) @name (generic_type type: (type_identifier) @name)])
    (dynamic_type trait: (type_identifier) @name)
    (primitive_type) @name
  ]
  body: (declaration_list) @body) @owner

[(line_comment) (block_comment)] @comment
