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
        .default(enabledTraits: ["BuiltInModel"]),
        .trait(name: "BuiltInModel", description: "A small model in the program itself: 14 MB, nothing to download."),
        // Whoever asks for one trait gets no other by default: MPI is to take nothing away.
        .trait(
            name: "MPI", description: "Several processes and machines share one job: mpirun -n N epanns …",
            enabledTraits: ["BuiltInModel"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
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
        .systemLibrary(
            name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
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
                "EPANNsAudio", "EPANNsCore", "EPANNsGraph", "EPANNsModels", "EPANNsProcesses", "EPANNsRuntime",
                .target(name: "CBuiltInModel", condition: .when(traits: ["BuiltInModel"])),
            ],
            swiftSettings: settings),
        .target(
            name: "EPANNsHub",
            dependencies: ["CCurl", "EPANNsCore", "EPANNsModels"], swiftSettings: settings),
        .target(
            name: "EPANNsEvaluation",
            dependencies: ["EPANNs", "EPANNsCore", "EPANNsData", "EPANNsGraph", "EPANNsModels", "EPANNsProcesses"],
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
                "EPANNsAudio", "EPANNsCore", "EPANNsData", "EPANNsEvaluation", "EPANNsGraph", "EPANNsModels",
                "EPANNsProcesses", "EPANNsReports", "EPANNsRuntime",
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
            name: "EPANNsPruning",
            dependencies: [
                "EPANNsAudio", "EPANNsCore", "EPANNsData", "EPANNsEvaluation", "EPANNsGraph", "EPANNsModels",
                "EPANNsRuntime", "EPANNsTraining",
            ],
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
            dependencies: ["EPANNsCore", "EPANNsGraph", "EPANNsModels", "EPANNsTestSupport"],
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
                "EPANNs", "EPANNsCommand", "EPANNsCore", "EPANNsEvaluation", "EPANNsHub", "EPANNsReports",
                "EPANNsTestServer", "EPANNsTestSupport", "EPANNsTraining",
            ],
            resources: [.copy("Snapshots")], swiftSettings: settings),
        .testTarget(
            name: "EPANNsEvaluationTests",
            dependencies: ["EPANNs", "EPANNsData", "EPANNsEvaluation", "EPANNsTestSupport"],
            resources: [.copy("Fixtures")], swiftSettings: settings),
        .testTarget(
            name: "EPANNsReportsTests", dependencies: ["EPANNsCore", "EPANNsReports", "EPANNsTestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "EPANNsProcessesTests", dependencies: ["EPANNsProcesses", "EPANNsTestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "EPANNsDataTests", dependencies: ["EPANNsData", "EPANNsTestSupport"], swiftSettings: settings),
        .testTarget(
            name: "EPANNsTrainingTests",
            dependencies: ["EPANNsReports", "EPANNsRuntime", "EPANNsTestSupport", "EPANNsTraining"],
            resources: [.copy("Fixtures")], swiftSettings: settings),
        .testTarget(
            name: "EPANNsPruningTests",
            dependencies: [
                "EPANNsAudio", "EPANNsData", "EPANNsEvaluation", "EPANNsPruning", "EPANNsRuntime", "EPANNsTestSupport",
            ],
            resources: [.copy("Fixtures")], swiftSettings: settings),
        // A web server that behaves as badly as a test wants.
        .target(name: "EPANNsTestServer", path: "Tests/EPANNsTestServer", swiftSettings: settings),
        .testTarget(
            name: "EPANNsHubTests", dependencies: ["EPANNsCore", "EPANNsHub", "EPANNsTestServer"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
