/** A refusal in the shape that DigitalOcean gives: `{"id", "message"}` under an HTTP status. */
export class ApiError extends Error {
  /** 400 to 599 */
  readonly status: number;
  /** DigitalOcean's short identifier, such as `not_found` */
  readonly id: string;

  constructor(status: number, id: string, message: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.id = id;
  }
}

/** 404 as DigitalOcean words it. */
export function notFound(): ApiError {
  return new ApiError(404, "not_found", "The resource you requested could not be found.");
}

/** 422: the request is well formed and cannot be done; `message` says what was expected. */
export function unprocessable(message: string): ApiError {
  return new ApiError(422, "unprocessable_entity", message);
}
