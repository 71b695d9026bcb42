import ArgumentParser
import EPANNs
import EPANNsCore
import Foundation

/// The command: one subcommand a file.
@main
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "epanns",
        abstract: "Recognises sounds: 527 kinds, from speech to chainsaws.",
        discussion: """
            A neural network listens to a recording and gives every class of Google's AudioSet a score. The networks \
            are those of E-PANNs (Singh, Liu, Plumbley 2023), PANNs and EfficientAT. A small E-PANNs, epanns-mini, is \
            built in; published weights, which know far more, are fetched once, by name.

            Results go to standard output, everything else to standard error. Exit status: 0 when all went well, 1 \
            when some of several inputs failed, 64 for wrong arguments, 65 for damaged or unsupported data, 66 for \
            a model or file that is missing or cannot be read or written (a full disk, too), 69 for the network, 70 \
            for a failure inside.

            EXAMPLES
              epanns tag street.wav               what is heard in a recording
              epanns models download mn04         fetch a far better model, of 4 MB
              epanns tag -m mn04 street.wav       what that one hears
              epanns info mn04                    its layers, parameters and operations
              epanns embed -m mn04 street.wav --output street.npy
              epanns labels --search dog          the classes that have to do with dogs
            """,
        version: EPANNsVersion.current,
        subcommands: [
            TagCommand.self, InfoCommand.self, ConvertCommand.self, EmbedCommand.self, LabelsCommand.self,
            ModelsCommand.self, TrainCommand.self, EvaluateCommand.self, CalibrateCommand.self, ReportCommand.self,
            PlotCommand.self, PruneCommand.self, BenchCommand.self, VersionCommand.self,
        ])

    /// Runs the command, and turns what it throws into a message and an exit status.
    static func main() async {
        // A reader that leaves (`| head`) ends the program quietly, even where a parent had the signal ignored.
        signal(SIGPIPE, SIG_DFL)
        var failed: any ParsableCommand.Type = Self.self
        do {
            var command = try parseAsRoot(ProgramArguments.withFilesNamed(CommandLine.arguments.dropFirst()))
            // What is thrown from here on concerns the subcommand, whose usage is shown with it.
            failed = type(of: command)
            try ProcessGroup.check(command)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            try ProcessGroup.finish()
        } catch let error as EPANNsError {
            ProcessGroup.abandon(error.commandText(in: failed), status: error.exitStatus)
            failed.exit(withError: ExitCode(error.exitStatus))
        } catch let code as ExitCode {
            // The work is done, in all processes.
            try? ProcessGroup.finish()
            failed.exit(withError: code)
        } catch {
            // Every process has the same arguments.
            if ProcessGroup.isSilent {
                ProcessGroup.leaveToTheFirst()
                failed.exit(withError: failed.exitCode(for: error))
            }
            exit(failed, error)
        }
    }

    /// Ends as ArgumentParser does, but a help text that cannot be written is a failure.
    private static func exit(_ command: any ParsableCommand.Type, _ error: any Error) -> Never {
        guard command.exitCode(for: error) == .success else { command.exit(withError: error) }
        do {
            let text = command.fullMessage(for: error)
            if !text.isEmpty { try StandardOutput.writeLines([text]) }
        } catch let error as EPANNsError {
            StandardError.write(error.commandText(in: command))
            command.exit(withError: ExitCode(error.exitStatus))
        } catch {
            command.exit(withError: error)
        }
        command.exit(withError: nil)
    }
}
