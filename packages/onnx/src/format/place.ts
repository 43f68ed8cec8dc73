/**
 * The way to a tensor in the file, from the model down: `i3` is initializer 3 of the graph, `n7.a0.t` the tensor in
 * attribute 0 of node 7, `n7.a1.g.i0` initializer 0 of the graph in attribute 1, `f2.n0.a0.t` lies in function 2.
 */
export type Place = string;

/** Where a float tensor of the file stands. */
export interface StoredAt {
  readonly place: Place;
  /** Whether it stands in a node: in a Constant, a branch, a loop's body or a function. */
  readonly inNode: boolean;
}

/** Where a file says that the elements of a tensor lie. */
export interface Outside {
  /** The name of the other file. */
  readonly location: string;
  readonly offset: number;
  /** In bytes; `undefined` for the rest of the file. */
  readonly length: number | undefined;
  /** The type of the elements there. */
  readonly dataType: number;
}
