/// Finds places for the labels of points, so that they cover neither points nor each other.
enum LabelPlacement {
    /// Where a label stands, in pixels from the top left; its line's middle.
    struct Place {
        var x, y: Double
        /// As gnuplot calls it.
        var alignment: String
    }

    private struct Box {
        var minX, minY, maxX, maxY: Double

        func overlap(_ other: Box) -> Double {
            max(0, min(maxX, other.maxX) - max(minX, other.minX))
                * max(0, min(maxY, other.maxY) - max(minY, other.minY))
        }
    }

    /// One place a label, the first of eight around its point that is free, or the one that covers least.
    static func offsets(of labels: [String], at points: [(x: Double, y: Double)], in area: PlotArea) -> [Place] {
        let marks = points.map { Box(minX: $0.x - 6, minY: $0.y - 6, maxX: $0.x + 6, maxY: $0.y + 6) }
        let (lineHeight, characterWidth) = (14.0, 6.7)
        var taken: [Box] = []
        return zip(labels, points).map { label, point in
            let width = Double(min(label.count, 40)) * characterWidth
            let candidates: [(Place, minX: Double)] = [
                (1.0, 0.0), (0, -1), (-1, 0), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1),
            ].map { right, down in
                let x = point.x + right * (down == 0 ? 9 : 6)
                let y = point.y + down * (right == 0 ? 15 : 12)
                let alignment = right > 0 ? "left" : right < 0 ? "right" : "center"
                return (
                    Place(x: x, y: y, alignment: alignment), right > 0 ? x : right < 0 ? x - width : x - width / 2
                )
            }
            var best = candidates[0].0
            var bestBox = Box(minX: 0, minY: 0, maxX: 0, maxY: 0)
            var least = Double.infinity
            for (place, minX) in candidates {
                let box = Box(
                    minX: minX, minY: place.y - lineHeight / 2, maxX: minX + width, maxY: place.y + lineHeight / 2)
                let inside = Box(
                    minX: area.left, minY: area.top, maxX: area.left + area.width, maxY: area.top + area.height)
                let outside = (box.maxX - box.minX) * (box.maxY - box.minY) - box.overlap(inside)
                let cost = (taken + marks).reduce(4 * outside) { $0 + $1.overlap(box) }
                if cost < least - 1e-6 { (best, bestBox, least) = (place, box, cost) }
                if least < 1e-6 { break }
            }
            taken.append(bestBox)
            return best
        }
    }
}
