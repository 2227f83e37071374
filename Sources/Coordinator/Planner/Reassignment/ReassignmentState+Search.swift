/// Processes on machines as the engine asks for them. The services' share of what moves cost, and their spread and dependencies, are what ties items here.
extension ReassignmentState: SearchState {
    var movable: Int { board.processes }
    var mayGainByComing: Bool { board.hasBalances }
    /// What is transient goes on being used at home: the room that processes away from home share on a machine is fixed, and only who goes home leaves some.
    var hasEjections: Bool { board.hasTransients }
    var displacementAtMost: Double { board.moveCostAtMost }
    var tiedAtMost: Double { board.serviceMoveCost }
    var places: [Int] { (0..<board.processes).map { machine($0) } }

    @inline(__always)
    func item(_ number: Int) -> Int { number }
    @inline(__always)
    func place(of item: Int) -> Int { machine(item) }
    @inline(__always)
    func home(of item: Int) -> Int { Int(board.origin[item]) }
    @inline(__always)
    func reach(of item: Int) -> Int { board.machines }
    @inline(__always)
    func place(_ number: Int, reachedBy item: Int) -> Int { number }
    @inline(__always)
    func population(of place: Int) -> Int { residents.count(place) }
    @inline(__always)
    func resident(_ number: Int, of place: Int) -> Int { Int(residents.row(place)[number]) }

    @inline(__always)
    func displacement(_ item: Int, on place: Int) -> Double { moveCost(item, on: place) }
    @inline(__always)
    func tied(_ item: Int, to place: Int) -> Double { serviceMoveChange(item, to: place) }
    /// Each as if the other stayed: within one unit of the services' share.
    @inline(__always)
    func tied(exchanging a: Int, _ b: Int) -> Double { serviceMoveChange(a, to: machine(b)) + serviceMoveChange(b, to: machine(a)) }
    @inline(__always)
    func tied(_ a: Int, ejecting b: Int) -> Double { serviceMoveChange(a, to: machine(b)) + serviceMoveChange(b, to: home(of: b)) }

    @inline(__always)
    func isBarred(_ item: Int, from place: Int) -> Bool { isOn(Int(board.service[item]), place) }
    @inline(__always)
    func isBarred(_ item: Int, fromExchangesOn place: Int) -> Bool {
        isBarred(item, from: place) || !permits(Int(board.service[item]), from: machine(item), to: place)
    }
    @inline(__always)
    func permits(_ item: Int, to place: Int, slack: Double) -> Bool { permits(Int(board.service[item]), from: machine(item), to: place) }
    @inline(__always)
    mutating func permits(exchanging a: Int, _ b: Int, slack: Double) -> Bool { permitsSwap(a, b) }
    @inline(__always)
    mutating func permits(_ a: Int, ejecting b: Int, slack: Double) -> Bool { permitsEjection(a, of: b) }
}
