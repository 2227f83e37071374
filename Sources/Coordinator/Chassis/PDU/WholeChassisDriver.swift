/// A driver that knows no bays: what it switches is the whole chassis, which it calls bay 1.
public protocol WholeChassisDriver: ChassisDriver {}
