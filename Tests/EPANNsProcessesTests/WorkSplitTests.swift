import EPANNsCore
import EPANNsProcesses
import Testing

@Suite struct WorkSplitTests {
    struct Case: Sendable {
        var units: Int
        var jobs, threads: Int?
        var cores: Int
        /// Jobs, threads.
        var expected: [Int]
        init(_ units: Int, _ jobs: Int?, _ threads: Int?, cores: Int, _ expected: [Int]) {
            (self.units, self.jobs, self.threads, self.cores, self.expected) = (units, jobs, threads, cores, expected)
        }
    }

    @Test(arguments: [
        // A single clip has all cores; many files one each; two files share them all.
        Case(1, nil, nil, cores: 16, [1, 16]), Case(100, nil, nil, cores: 16, [16, 1]),
        Case(2, nil, nil, cores: 16, [2, 8]), Case(3, nil, nil, cores: 16, [3, 5]),
        // Threads that are asked for take their cores from the jobs.
        Case(100, nil, 4, cores: 16, [4, 4]), Case(100, nil, 32, cores: 16, [1, 32]),
        Case(1, nil, 1, cores: 16, [1, 1]),
        // And jobs theirs from the threads.
        Case(100, 4, nil, cores: 16, [4, 4]), Case(100, 64, nil, cores: 16, [64, 1]),
        Case(1, 4, nil, cores: 16, [1, 16]),
        Case(100, 4, 8, cores: 16, [4, 8]), Case(0, nil, nil, cores: 2, [1, 2]),
    ])
    func coresAreSharedOut(value: Case) {
        let split = WorkSplit(units: value.units, jobs: value.jobs, threads: value.threads, cores: value.cores)
        #expect([split.jobs, split.threads] == value.expected)
    }
}
