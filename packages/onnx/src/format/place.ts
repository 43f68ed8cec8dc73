/**
 * The path to a tensor in the file. For example, `i3` is initializer 3 of the graph, `n7.a0.t` the tensor in attribute
 * 0 of node 7, `n7.a1.g.i0` initializer 0 of the graph in attribute 1, and `f2.n0.a0.t` a tensor in function 2.
 */
export type Place = string;

/** The place of a float tensor in the file. */
export interface StoredAt {
  readonly place: Place;
  /** Whether it is inside a node (a Constant, a branch, a loop body) or a function. */
  readonly inNode: boolean;
}

/** The location of a tensor's elements in an external file. */
export interface Outside {
  /** The name of the external file. */
  readonly location: string;
  readonly offset: number;
  /** The length in bytes; `undefined` means the rest of the file. */
  readonly length: number | undefined;
  /** The type of the elements in the external file. */
  readonly dataType: number;
}
