//! Owns the answer to the one question that daprd asks before anything else: which services are here?
//!
//! It uses gRPC's reflection `v1alpha` and asks for the list only (dapr/dapr v1.18.1,
//! `pkg/components/pluggable/discovery.go`). Descriptions of messages are refused: there are none.

use tokio_stream::StreamExt;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::proto::pub_sub::pub_sub_server;
use crate::proto::server_reflection::server_reflection_server::{self, ServerReflection};
use crate::proto::{
    ErrorResponse, ListServiceResponse, ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};

/// The service.
pub struct Reflection;

#[tonic::async_trait]
impl ServerReflection for Reflection {
    type ServerReflectionInfoStream =
        std::pin::Pin<Box<dyn tokio_stream::Stream<Item = Result<ServerReflectionResponse, Status>> + Send>>;

    async fn server_reflection_info(
        &self,
        request: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
        let answers = request.into_inner().map(|request| request.map(answer));
        Ok(Response::new(Box::pin(answers)))
    }
}

fn answer(request: ServerReflectionRequest) -> ServerReflectionResponse {
    let service = |name: &str| ServiceResponse { name: name.to_owned() };
    let names = [pub_sub_server::SERVICE_NAME, server_reflection_server::SERVICE_NAME];
    let listed =
        request.list_services.as_ref().map(|_| ListServiceResponse { service: names.map(service).into() });
    let refusal = listed.is_none().then(|| ErrorResponse {
        error_code: Code::Unimplemented as i32,
        error_message: "services are listed; their messages are not described".to_owned(),
    });
    ServerReflectionResponse {
        valid_host: request.host.clone(),
        original_request: Some(request),
        list_services_response: listed,
        error_response: refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_listed_and_nothing_else_is_answered() {
        let asked = ServerReflectionRequest { host: "h".to_owned(), list_services: Some("*".to_owned()) };
        let answered = answer(asked.clone());
        let names: Vec<String> =
            answered.list_services_response.unwrap().service.into_iter().map(|one| one.name).collect();
        assert_eq!(names, ["dapr.proto.components.v1.PubSub", "grpc.reflection.v1alpha.ServerReflection"]);
        assert_eq!((answered.valid_host, answered.original_request), ("h".to_owned(), Some(asked)));
        let refused = answer(ServerReflectionRequest::default());
        assert_eq!(refused.list_services_response, None);
        assert_eq!(refused.error_response.unwrap().error_code, 12);
    }
}
