// swift-tools-version: 6.2
import PackageDescription

// `EPANNS_STRICT=1` turns warnings into errors for our own targets only; the gate (`.ci/run`) sets it.
// A package that depends on this one is never broken by a new compiler's new warning.
let strict = Context.environment["EPANNS_STRICT"] == "1"
let settings: [SwiftSetting] = strict ? [.treatAllWarnings(as: .error)] : []

let package = Package(
    name: "EPANNs",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "EPANNs", targets: ["EPANNs"]),
        .library(name: "EPANNsCore", targets: ["EPANNsCore"]),
        .library(name: "EPANNsGraph", targets: ["EPANNsGraph"]),
        .library(name: "EPANNsAudio", targets: ["EPANNsAudio"]),
        .library(name: "EPANNsModels", targets: ["EPANNsModels"]),
        .library(name: "EPANNsRuntime", targets: ["EPANNsRuntime"]),
        .library(name: "EPANNsHub", targets: ["EPANNsHub"]),
        .library(name: "EPANNsData", targets: ["EPANNsData"]),
        .library(name: "EPANNsTraining", targets: ["EPANNsTraining"]),
        .library(name: "EPANNsEvaluation", targets: ["EPANNsEvaluation"]),
        .library(name: "EPANNsReports", targets: ["EPANNsReports"]),
        .library(name: "EPANNsPruning", targets: ["EPANNsPruning"]),
        .executable(name: "epanns", targets: ["EPANNsCommand"]),
    ],
    traits: [
        .trait(name: "MPI", description: "Several processes and machines share one job: mpirun -n N epanns …")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"),
    ],
    targets: [
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"]), .brew(["onednn"])]),
        .systemLibrary(
            name: "CFFmpeg", pkgConfig: "libavformat libavcodec libswresample libavutil",
            providers: [
                .apt(["libavformat-dev", "libavcodec-dev", "libswresample-dev", "libavutil-dev"]),
                .brew(["ffmpeg"]),
            ]),
        .systemLibrary(
            name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
        // The weights are compiled in by the C file.
        .target(name: "CBuiltInModel", exclude: ["model"]),
        .target(
            name: "EPANNsCore",
            dependencies: [.target(name: "CLibCrypto", condition: .when(platforms: [.linux, .android]))],
            swiftSettings: settings),
        .target(name: "EPANNsGraph", dependencies: ["EPANNsCore"], swiftSettings: settings),
        .target(name: "EPANNsAudio", dependencies: ["CFFmpeg", "EPANNsCore", "EPANNsGraph"], swiftSettings: settings),
        .target(
            name: "EPANNsModels",
            dependencies: ["EPANNsCore", "EPANNsGraph"],
            resources: [.embedInCode("Resources/audioset_labels.csv")], swiftSettings: settings),
        .target(
            name: "EPANNsRuntime", dependencies: ["COneDNN", "EPANNsCore", "EPANNsGraph"], swiftSettings: settings),
        .target(
            name: "EPANNs",
            dependencies: [
                "CBuiltInModel", "EPANNsAudio", "EPANNsCore", "EPANNsGraph", "EPANNsModels", "EPANNsRuntime",
            ],
            swiftSettings: settings),
        .target(
            name: "EPANNsHub",
            dependencies: [
                "EPANNsCore",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: settings),
        .target(
            name: "EPANNsEvaluation", dependencies: ["EPANNsCore", "EPANNsGraph", "EPANNsModels"],
            swiftSettings: settings),
        .target(
            name: "EPANNsReports", dependencies: ["EPANNsCore", "EPANNsEvaluation", "EPANNsModels"],
            swiftSettings: settings),
        .target(
            name: "EPANNsData", dependencies: ["CHDF5", "EPANNsAudio", "EPANNsCore", "EPANNsModels"],
            swiftSettings: settings),
        .target(name: "EPANNsProcesses", dependencies: ["EPANNsCore"], swiftSettings: settings),
        .target(
            name: "EPANNsTraining",
            dependencies: [
                "COneDNN", "EPANNsAudio", "EPANNsCore", "EPANNsData", "EPANNsEvaluation", "EPANNsGraph",
                "EPANNsModels", "EPANNsProcesses", "EPANNsRuntime",
            ],
            swiftSettings: settings),
        .systemLibrary(
            name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"]), .brew(["open-mpi"])]),
        // Empty without the trait, so that the plain build needs nothing of MPI.
        .target(
            name: "EPANNsMPI",
            dependencies: [
                "EPANNsCore", "EPANNsProcesses", .target(name: "CMPI", condition: .when(traits: ["MPI"])),
            ],
            swiftSettings: settings),
        .target(
            name: "EPANNsPruning", dependencies: ["EPANNsCore", "EPANNsGraph", "EPANNsModels", "EPANNsRuntime"],
            swiftSettings: settings),
        .executableTarget(
            name: "EPANNsCommand",
            dependencies: [
                "EPANNs", "EPANNsCore", "EPANNsData", "EPANNsEvaluation", "EPANNsHub", "EPANNsProcesses",
                "EPANNsPruning", "EPANNsReports", "EPANNsTraining",
                .target(name: "EPANNsMPI", condition: .when(traits: ["MPI"])),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "EPANNsCoreTests", dependencies: ["EPANNsCore", "EPANNsTestSupport"], swiftSettings: settings),
        .testTarget(name: "EPANNsGraphTests", dependencies: ["EPANNsGraph"], swiftSettings: settings),
        .testTarget(
            name: "EPANNsAudioTests", dependencies: ["EPANNsAudio", "EPANNsModels", "EPANNsTestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: settings),
        .testTarget(
            name: "EPANNsModelsTests",
            dependencies: ["EPANNsCore", "EPANNsGraph", "EPANNsModels"],
            resources: [.copy("Fixtures")], swiftSettings: settings),
        .testTarget(
            name: "EPANNsRuntimeTests",
            dependencies: ["COneDNN", "EPANNsModels", "EPANNsRuntime", "EPANNsTestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: settings),
        .target(
            name: "EPANNsTestSupport", dependencies: ["EPANNsGraph", "EPANNsModels", "EPANNsTraining"],
            path: "Tests/EPANNsTestSupport",
            resources: [.copy("Fixtures")], swiftSettings: settings),
        .testTarget(
            name: "EPANNsTests", dependencies: ["EPANNs", "EPANNsTestSupport"], swiftSettings: settings),
        .testTarget(
            name: "EPANNsCommandTests",
            dependencies: [
                "EPANNs", "EPANNsCommand", "EPANNsEvaluation", "EPANNsReports", "EPANNsTestSupport", "EPANNsTraining",
            ],
            resources: [.copy("Snapshots")], swiftSettings: settings),
        .testTarget(
            name: "EPANNsEvaluationTests", dependencies: ["EPANNsEvaluation"],
            resources: [.copy("Fixtures")], swiftSettings: settings),
        .testTarget(name: "EPANNsReportsTests", dependencies: ["EPANNsReports"], swiftSettings: settings),
        .testTarget(
            name: "EPANNsProcessesTests", dependencies: ["EPANNsProcesses", "EPANNsTestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "EPANNsTrainingTests", dependencies: ["EPANNsReports", "EPANNsTestSupport", "EPANNsTraining"],
            resources: [.copy("Fixtures")], swiftSettings: settings),
        .testTarget(
            name: "EPANNsPruningTests", dependencies: ["EPANNsPruning", "EPANNsRuntime", "EPANNsTestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: settings),
        .testTarget(
            name: "EPANNsHubTests",
            dependencies: [
                "EPANNsHub",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
