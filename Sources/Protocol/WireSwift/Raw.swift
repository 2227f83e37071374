import FoundationEssentials
import PodpFrame
import PodpModel
import SwiftProtobuf

// How a field of swift-protobuf's form is read. The scan has checked every frame before: these throw only where the scan and
// swift-protobuf disagree.

/// Throws `identifier` when it is not sixteen bytes.
func id(_ raw: Data) throws(WireError) -> ID128 {
    guard let id = ID128(bytes: raw) else { throw WireError(.identifier, "an id of \(raw.count) bytes, not 16") }
    return id
}

/// Throws `range` for a number that is none of this build's.
func value<Value: WireNumbered>(_ raw: some SwiftProtobuf.Enum) throws(WireError) -> Value {
    guard let value = Value(wireNumber: raw.rawValue) else { throw WireError(.range, "\(raw.rawValue) is no value that this build knows") }
    return value
}

func map<Raw, Value>(_ raw: [Raw], _ read: (Raw) throws(WireError) -> Value) throws(WireError) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(raw.count)
    for element in raw { values.append(try read(element)) }
    return values
}

func missing(_ what: String) -> WireError { WireError(.missing, "missing", at: what) }

extension ID128 {
    var data: Data { Data(bytes) }
}

extension SwiftProtobuf.Enum {
    /// The value of a Model's enumeration; `podp.proto` and the Model have the same ones.
    init(_ model: some WireNumbered) { self = Self(rawValue: model.wireNumber) ?? Self() }
}
