(parameter pattern: (identifier) @name type: (type_identifier) @type)
(parameter pattern: (identifier) @name type: (reference_type type: (type_identifier) @type))
(let_declaration pattern: (identifier) @name type: (type_identifier) @type)
(field_declaration name: (field_identifier) @name type: (type_identifier) @type)
