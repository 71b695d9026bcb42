import EPANNsReports
import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// One run, one writer.
@Suite struct RunFolderTests {
    @Test func `two trainings do not share a folder`() throws {
        try SyntheticRun.with { run in
            let folder = run.run("run")
            let first = try Trainer(run.configuration, folder: folder) { _ in }
            for resumes in [false, true] {
                let error = failure {
                    _ = try Trainer(run.configuration, folder: folder, resumes: resumes) { _ in }
                }
                #expect(error?.code == .fileFailure)
                #expect(error?.message.contains("Another training is writing") == true, "\(error?.message ?? "")")
            }
            _ = try first.run()
            #expect(try TrainingLog(path: folder.logPath).steps.count == 10)
            // Once it has ended the folder is free again, and nothing of the lock is left.
            let error = failure { _ = try Trainer(run.configuration, folder: folder) { _ in } }
            #expect(error?.message.contains("holds a run already") == true && error?.remedy == .resume)
            var longer = run.configuration
            longer.iterations = 12
            try run.train(longer, "run", resumes: true)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            #expect(!names.contains { $0.contains("lock") }, "\(names)")
        }
    }

    @Test func `what cannot begin leaves no folder, and one that is there stays`() throws {
        try SyntheticRun.with { run in
            var configuration = run.configuration
            configuration.data[0].table = run.folder + "/missing.csv"
            #expect(failure { _ = try Trainer(configuration, folder: run.run("run")) { _ in } } != nil)
            #expect(!FileManager.default.fileExists(atPath: run.run("run").path))
            try run.run("run").create()
            #expect(failure { _ = try Trainer(configuration, folder: run.run("run")) { _ in } } != nil)
            #expect(try FileManager.default.contentsOfDirectory(atPath: run.run("run").path).isEmpty)
        }
    }

    /// A kill while a checkpoint is written leaves a file as large as the checkpoint.
    @Test func `leftovers of killed runs are swept`() throws {
        try SyntheticRun.with { run in
            let folder = run.run("run")
            try run.train(run.configuration, "run", stops: [2])
            let old = folder.path + "/.epanns-1f.partial"
            let new = folder.path + "/.epanns-2f.partial"
            try write("half", to: old)
            try write("half", to: new)
            // Long ago; the other could be one that is being made.
            var times = [timeval(tv_sec: 1_000_000, tv_usec: 0), timeval(tv_sec: 1_000_000, tv_usec: 0)]
            #expect(utimes(old, &times) == 0)
            try run.train(run.configuration, "run", resumes: true)
            #expect(!FileManager.default.fileExists(atPath: old))
            #expect(FileManager.default.fileExists(atPath: new))
        }
    }

    /// Settings that were read of a run are still its when it goes on.
    @Test func `a folder can be taken before its trainer`() throws {
        try SyntheticRun.with { run in
            try run.train(run.configuration, "run", stops: [2])
            let folder = run.run("run")
            do {
                let taken = try folder.locked()
                let error = failure { _ = try Trainer(run.configuration, folder: folder, resumes: true) { _ in } }
                #expect(error?.message.contains("Another training is writing") == true)
                _ = try Trainer(run.configuration, folder: taken, resumes: true) { _ in }.run()
            }
            _ = try folder.locked()
        }
    }
}
