(* Reads§c feeds. *)
type feed = { name : string; every : int }

module Due = §(struct
  let label = "late§s"
  let quote = '§s"'
  §b
  let due now feed =
    match now mod feed.every with
    | 0 -> Some (feed.name ^ label) (* due§c *)
    | _ -> None
end§)

let () = List.iter print_endline [ {|a "quoted"§s word|}; "b" ]§k
