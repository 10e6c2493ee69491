import Foundation

/* A feed,§c by its name. */§k
struct Feed {
    let name: String // what it is called§c

    func due(now: Int) -> String? {
        §(let label = "late: \(now §k- 1)§s min"§k
        let text = """
            late: "§s"
            """
        §bfor entry in entries {
            print(label, text, entry)
        }
        return now % 60 == 0 ? name : nil§k
    §)}
}
