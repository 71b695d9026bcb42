// swift-tools-version: 6.2
import PackageDescription

// A package of its own: whoever depends on EPANNs neither resolves nor builds its benchmarks.
let package = Package(
    name: "EPANNsBenchmarks",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "epanns-bench", targets: ["EPANNsBench"])],
    dependencies: [
        .package(name: "EPANNs", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .executableTarget(
            name: "EPANNsBench",
            dependencies: [
                .product(name: "EPANNs", package: "EPANNs"),
                .product(name: "EPANNsTraining", package: "EPANNs"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
