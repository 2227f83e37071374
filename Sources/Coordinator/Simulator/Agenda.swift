import PodpModel

/// What is to happen, in order of time; of two things at one instant, the one that was put in first.
struct Agenda<Item: Sendable>: Sendable {
    private struct Entry: Sendable {
        var at: Instant
        var sequence: UInt64
        var item: Item

        func isBefore(_ other: Entry) -> Bool { at != other.at ? at < other.at : sequence < other.sequence }
    }

    private var heap: [Entry] = []
    private var sequence: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }
    var count: Int { heap.count }
    var first: Instant? { heap.first?.at }

    mutating func add(_ item: Item, at: Instant) {
        sequence += 1
        heap.append(Entry(at: at, sequence: sequence, item: item))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].isBefore(heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() -> (at: Instant, item: Item)? {
        guard let top = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            var parent = 0
            while true {
                var least = parent
                for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least]) { least = child }
                if least == parent { break }
                heap.swapAt(parent, least)
                parent = least
            }
        }
        return (top.at, top.item)
    }
}
