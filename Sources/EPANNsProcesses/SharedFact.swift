import EPANNsCore
import Foundation

/// Something that all processes of a run must have in common.
///
/// Test: `CommunicatorTests`.
package struct SharedFact: Codable, Sendable {
    /// What it is, such as “version”.
    var name: String
    /// Its value here.
    var value: String
    /// What to do where values differ.
    var advice: String

    package init(_ name: String, _ value: String, advice: String) {
        self.name = name
        self.value = value
        self.advice = advice
    }
}

extension Communicator {
    /// Makes sure that all processes have the same facts.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` in every process, naming the first difference.
    package func requireAgreement(on facts: [SharedFact]) throws {
        guard count > 1 else { return }
        let mine = Card(machine: Card.machineName, facts: facts)
        let cards = try gather([UInt8](JSONEncoder().encode(mine))).map {
            try JSONDecoder().decode(Card.self, from: Data($0))
        }
        for (index, fact) in cards[0].facts.enumerated() {
            for (rank, card) in cards.enumerated() {
                let other = card.facts.indices.contains(index) ? card.facts[index].value : "nothing"
                guard other != fact.value else { continue }
                throw EPANNsError(
                    .invalidConfiguration,
                    "Process \(rank) on \(card.machine) and process 0 on \(cards[0].machine) differ in \(fact.name) "
                        + "(\(other.prefix(16)), \(fact.value.prefix(16))): \(fact.advice)")
            }
        }
    }
}

/// What a process tells of itself.
private struct Card: Codable {
    var machine: String
    var facts: [SharedFact]

    static var machineName: String {
        var name = [CChar](repeating: 0, count: 257)
        guard gethostname(&name, 256) == 0 else { return "an unknown machine" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
