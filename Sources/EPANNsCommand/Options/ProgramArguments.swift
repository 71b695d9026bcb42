import Foundation

/// The program's arguments as the system has them.
enum ProgramArguments {
    /// The bytes of an argument, which need not be text: Swift repairs those that are not, and then there is no such file.
    static func bytes(_ argument: String) -> [UInt8] {
        guard argument.unicodeScalars.contains("\u{FFFD}") else { return Array(argument.utf8) }
        for index in 1..<max(2, Int(CommandLine.argc)) {
            guard let start = CommandLine.unsafeArgv[index] else { continue }
            let bytes = UnsafeRawBufferPointer(start: start, count: strlen(start))
            if String(validating: bytes, as: UTF8.self) == nil, String(decoding: bytes, as: UTF8.self) == argument {
                return Array(bytes)
            }
        }
        return Array(argument.utf8)
    }

    /// Arguments in which a file called like an option is one: `-dash.wav`, which a shell's `*.wav` gives, becomes
    /// `./-dash.wav`.
    ///
    /// Test: `TagTests`.
    static func withFilesNamed(_ arguments: some Sequence<String>) -> [String] {
        var isOpen = true
        return arguments.map { argument in
            if argument == "--" { isOpen = false }
            guard isOpen, argument.hasPrefix("-"), !argument.hasPrefix("--"), argument.contains("."),
                Double(argument) == nil, access(argument, F_OK) == 0
            else { return argument }
            return "./" + argument
        }
    }
}
