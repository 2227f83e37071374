import CProtobufC
import PodpFrame
import PodpModel

// How a field of libprotobuf-c's form is read. The scan has checked every frame before, so these throw only where the scan and
// libprotobuf-c disagree; they look all the same, because this is C.

/// A C string's text. Throws `text` when it is not UTF-8.
func text(_ raw: UnsafeMutablePointer<CChar>?) throws(WireError) -> String {
    guard let raw, let text = String(validatingCString: raw) else { throw WireError(.text, "not UTF-8") }
    return text
}

/// Throws `identifier` when it is not sixteen bytes.
func id(_ raw: ProtobufCBinaryData) throws(WireError) -> ID128 {
    guard let data = raw.data, let id = ID128(bytes: UnsafeBufferPointer(start: data, count: raw.len)) else {
        throw WireError(.identifier, "an id of \(raw.len) bytes, not 16")
    }
    return id
}

/// The message that a pointer points to. Throws `missing` when there is none.
func message<Raw>(_ raw: UnsafeMutablePointer<Raw>?) throws(WireError) -> Raw {
    guard let raw else { throw missing("\(Raw.self)") }
    return raw.pointee
}

func list<Raw, Value>(
    _ count: Int, _ raw: UnsafeMutablePointer<UnsafeMutablePointer<Raw>?>?, _ read: (UnsafeMutablePointer<Raw>) throws(WireError) -> Value
) throws(WireError) -> [Value] {
    guard count > 0 else { return [] }
    guard let raw else { throw missing("a list") }
    var values: [Value] = []
    values.reserveCapacity(count)
    for index in 0..<count {
        guard let element = raw[index] else { throw missing("a list's element") }
        values.append(try read(element))
    }
    return values
}

/// Throws `range` for a number that is none of this build's.
func value<Value: WireNumbered>(_ number: UInt32) throws(WireError) -> Value {
    guard let value = Value(wireNumber: Int(number)) else { throw WireError(.range, "\(number) is no value that this build knows") }
    return value
}

func missing(_ what: String) -> WireError { WireError(.missing, "missing", at: what) }
